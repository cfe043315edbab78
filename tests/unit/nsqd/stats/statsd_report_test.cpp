#include "nsqd/stats/statsd_report.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

using namespace nsqd;

namespace {

StatsSnapshot snapshot_of(std::vector<TopicStats> topics) {
  StatsSnapshot snapshot;
  snapshot.topics = std::move(topics);
  return snapshot;
}

TopicStats orders() {
  TopicStats topic;
  topic.name = "orders";
  topic.message_count = 10;
  topic.message_bytes = 200;
  topic.depth = 3;
  topic.backend_depth = 1;
  ChannelStats channel;
  channel.name = "mail";
  channel.message_count = 7;
  channel.depth = 4;
  channel.backend_depth = 2;
  channel.in_flight_count = 5;
  channel.deferred_count = 6;
  channel.requeue_count = 8;
  channel.timeout_count = 9;
  channel.client_count = 2;
  topic.channels.push_back(channel);
  return topic;
}

std::string joined(const std::vector<std::string>& datagrams) {
  std::string all;
  for (const auto& each : datagrams) all += each;
  return all;
}

}  // namespace

TEST_CASE("8 the keys of a topic and its channel, in their order", "[nsqd][stats][statsd]") {
  StatsdReport report({.prefix = "nsq.h_4151."});
  CHECK(joined(report.write(snapshot_of({orders()}))) ==
        "nsq.h_4151.topic.orders.message_count:10|c\n"
        "nsq.h_4151.topic.orders.message_bytes:200|c\n"
        "nsq.h_4151.topic.orders.depth:3|g\n"
        "nsq.h_4151.topic.orders.backend_depth:1|g\n"
        "nsq.h_4151.topic.orders.channel.mail.message_count:7|c\n"
        "nsq.h_4151.topic.orders.channel.mail.depth:4|g\n"
        "nsq.h_4151.topic.orders.channel.mail.backend_depth:2|g\n"
        "nsq.h_4151.topic.orders.channel.mail.in_flight_count:5|g\n"
        "nsq.h_4151.topic.orders.channel.mail.deferred_count:6|g\n"
        "nsq.h_4151.topic.orders.channel.mail.requeue_count:8|c\n"
        "nsq.h_4151.topic.orders.channel.mail.timeout_count:9|c\n"
        "nsq.h_4151.topic.orders.channel.mail.clients:2|g\n");
}

TEST_CASE("8 counters are the difference to the push before, gauges are not",
          "[nsqd][stats][statsd]") {
  StatsdReport report({});
  (void)report.write(snapshot_of({orders()}));
  auto again = orders();
  again.message_count = 25;
  const auto second = joined(report.write(snapshot_of({again})));
  CHECK(second.starts_with(
      "topic.orders.message_count:15|c\ntopic.orders.message_bytes:0|c\ntopic.orders.depth:3|g\n"));
  SECTION("what was deleted and made anew begins anew") {
    again.message_count = 2;
    CHECK(
        joined(report.write(snapshot_of({again}))).starts_with("topic.orders.message_count:2|c\n"));
  }
  SECTION("what was away for a push, too") {
    (void)report.write(snapshot_of({}));
    CHECK(joined(report.write(snapshot_of({again})))
              .starts_with("topic.orders.message_count:25|c\n"));
  }
}

TEST_CASE("8 percentiles are named by their hundredths", "[nsqd][stats][statsd]") {
  auto topic = orders();
  topic.latency = LatencyStats{
      .count = 1, .values = {nsq::Nanoseconds(9), nsq::Nanoseconds(8), nsq::Nanoseconds(7)}};
  auto snapshot = snapshot_of({topic});
  snapshot.e2e_percentiles = {1.0, 0.999, 0.95};
  StatsdReport report({});
  const auto text = joined(report.write(snapshot));
  CHECK(text.find("topic.orders.backend_depth:1|g\n"
                  "topic.orders.e2e_processing_latency_100:9|g\n"
                  "topic.orders.e2e_processing_latency_100:8|g\n"
                  "topic.orders.e2e_processing_latency_95:7|g\n"
                  "topic.orders.channel.mail.message_count:7|c\n") != text.npos);
  CHECK(text.find("channel.mail.e2e") == text.npos);
}

TEST_CASE("8 memory figures come last, the runs as a counter", "[nsqd][stats][statsd]") {
  auto snapshot = snapshot_of({});
  snapshot.memory = MemoryFigures{.heap_objects = 1, .gc_total_runs = 4};
  StatsdReport report({});
  CHECK(joined(report.write(snapshot)) ==
        "mem.heap_objects:1|g\nmem.heap_idle_bytes:0|g\nmem.heap_in_use_bytes:0|g\n"
        "mem.heap_released_bytes:0|g\nmem.gc_pause_usec_100:0|g\nmem.gc_pause_usec_99:0|g\n"
        "mem.gc_pause_usec_95:0|g\nmem.next_gc_bytes:0|g\nmem.gc_runs:4|c\n");
  CHECK(joined(report.write(snapshot)).ends_with("mem.gc_runs:0|c\n"));
}

TEST_CASE("8 ephemeral topics and channels are left out when asked", "[nsqd][stats][statsd]") {
  auto topic = orders();
  ChannelStats tail;
  tail.name = "tail#ephemeral";
  topic.channels.push_back(tail);
  auto gone = orders();
  gone.name = "gone#ephemeral";
  const bool exclude = GENERATE(false, true);
  StatsdReport report({.exclude_ephemeral = exclude});
  const auto text = joined(report.write(snapshot_of({topic, gone})));
  CHECK((text.find("topic.gone#ephemeral.depth") == text.npos) == exclude);
  CHECK((text.find("topic.gone#ephemeral.channel.mail.depth") == text.npos) == exclude);
  CHECK((text.find("topic.orders.channel.tail#ephemeral.depth") == text.npos) == exclude);
  CHECK(text.find("topic.orders.channel.mail.depth") != text.npos);
}

TEST_CASE("8 datagrams are whole lines within the limit, a longer line goes alone",
          "[nsqd][stats][statsd]") {
  const auto limit = GENERATE(as<std::size_t>(), 1, 60, 64, 508, 1 << 20);
  StatsdReport whole({.prefix = "p."});
  StatsdReport cut({.prefix = "p.", .packet_bytes = limit});
  const auto datagrams = cut.write(snapshot_of({orders()}));
  CHECK(joined(datagrams) == joined(whole.write(snapshot_of({orders()}))));
  for (const auto& datagram : datagrams) {
    CHECK(datagram.ends_with('\n'));
    const auto lines = std::ranges::count(datagram, '\n');
    CHECK((datagram.size() <= limit || lines == 1));
  }
}
