#include "nsqd/stats/snapshot.hpp"

#include <cstdlib>
#include <ctime>

#include <catch2/catch.hpp>

#include "common/config/version.hpp"
#include "nsqd/stats/stats_json.hpp"
#include "nsqd/stats/stats_text.hpp"
#include "nsqd/storage/health.hpp"
#include "tests/unit/nsqd/stats/broker_fixture.hpp"

namespace nsqd {
namespace {

struct StatsFixture : BrokerFixture {
  using BrokerFixture::BrokerFixture;
  StatsSnapshot take(const StatsFilter& filter) const {
    return take_stats({.broker = broker,
                       .clients = clients,
                       .health = health,
                       .start_time = now.wall - nsq::Milliseconds(65'500),
                       .e2e_percentiles = percentiles},
                      filter, now.wall);
  }
  std::string json(StatsFilter filter) const {
    filter.include_mem = false;
    return to_json(take(filter));
  }

  /// Topic `t` with channels `a` (one consumer that also publishes) and `b` (paused), and `u`.
  void fill() {
    record = clients.add("10.0.0.7:5000", now.wall - nsq::Seconds(5));
    ClientIdentity identity;
    identity.client_id = "me";
    identity.hostname = "box";
    identity.user_agent = "probe/1 \"x\"";
    record->set_identity(identity);
    const auto consumer = subscribe("t", "a", record->connection());
    record->set_state(3);
    channel("t", "a")->set_ready(*consumer, 5);
    Effects effects;
    channel("t", "b")->pause(true, effects);
    publish("t", "one");
    publish("t", "three");
    std::vector<Run> out;
    channel("t", "a")->pull(consumer, now, {.messages = 1}, out, effects);
    publish("u", "waits");
  }

  ClientRegistry clients;
  Health health;
  std::vector<double> percentiles;
  std::shared_ptr<ClientRecord> record;
};

constexpr std::string_view kHead = R"({"version":"1.3.0","health":"OK","start_time":1699999934,)";
constexpr std::string_view kNoLatency =
    R"("e2e_processing_latency":{"count":0,"percentiles":null}})";
constexpr std::string_view kClient =
    R"({"client_id":"me","hostname":"box","version":"V2","remote_address":"10.0.0.7:5000",)"
    R"("state":3,"ready_count":5,"in_flight_count":1,"message_count":1,"finish_count":0,)"
    R"("requeue_count":0,"connect_ts":1699999995,"sample_rate":0,"deflate":false,"snappy":false,)"
    R"("user_agent":"probe/1 \"x\"","topology_zone":"","topology_region":"",)";
constexpr std::string_view kClientTls =
    R"("tls":false,"tls_cipher_suite":"","tls_version":"","tls_negotiated_protocol":"",)"
    R"("tls_negotiated_protocol_is_mutual":false})";

std::string join(std::initializer_list<std::string_view> parts) {
  std::string all;
  for (const auto part : parts) all += part;
  return all;
}

TEST_CASE("the JSON of a fresh daemon", "[nsqd][stats]") {
  const StatsFixture fixture;
  CHECK(fixture.json({}) == join({kHead, R"("topics":[],"producers":null})"}));
  const std::string with_memory = to_json(fixture.take({}));
  CHECK(with_memory.starts_with(join({kHead, R"("topics":[],"memory":{"heap_objects":0,)"})));
  CHECK(with_memory.ends_with(R"("next_gc_bytes":0,"gc_total_runs":0},"producers":null})"));
}

TEST_CASE("the JSON lists topics, channels and clients to the member", "[nsqd][stats]") {
  StatsFixture fixture;
  fixture.fill();
  const std::string expected = join(
      {kHead, R"("topics":[{"topic_name":"t","channels":[)",
       R"({"channel_name":"a","depth":1,"backend_depth":0,"in_flight_count":1,"deferred_count":0,)",
       R"("message_count":2,"global_msg_count":1,"requeue_count":0,"timeout_count":0,)",
       R"("client_count":1,"clients":[)", kClient, kClientTls, R"(],"paused":false,)", kNoLatency,
       R"(,{"channel_name":"b","depth":2,"backend_depth":0,"in_flight_count":0,)",
       R"("deferred_count":0,"message_count":2,"requeue_count":0,"timeout_count":0,)",
       R"("client_count":0,"clients":[],"paused":true,)", kNoLatency,
       R"(],"depth":0,"backend_depth":0,"message_count":2,"message_bytes":8,"paused":false,"durability":"disk",)",
       kNoLatency, R"(,{"topic_name":"u","channels":[],"depth":1,"backend_depth":0,)",
       R"("message_count":1,"message_bytes":5,"paused":false,"durability":"disk",)", kNoLatency,
       R"(],"producers":null})"});
  CHECK(fixture.json({}) == expected);
}

TEST_CASE("a subscriber that publishes is a producer too, whatever the filter", "[nsqd][stats]") {
  StatsFixture fixture;
  fixture.fill();
  fixture.record->count_publish("u", 4);
  fixture.record->count_publish("t", 2);
  const std::string all = join(
      {kClient, R"("pub_counts":[{"topic":"t","count":2},{"topic":"u","count":4}],)", kClientTls});
  const std::string only_u =
      join({kClient, R"("pub_counts":[{"topic":"u","count":4}],)", kClientTls});
  const auto producers = [](const std::string& each) { return R"("producers":[)" + each + "]}"; };

  const std::string unfiltered = fixture.json({});
  CHECK(unfiltered.ends_with(producers(all)));
  CHECK(unfiltered.find(R"("clients":[)" + all) != unfiltered.npos);
  CHECK(fixture.json({.topic = "u"}).ends_with(producers(only_u)));
  CHECK(fixture.json({.channel = "nope"}).ends_with(R"("topics":[],)" + producers(all)));
}

TEST_CASE("filters", "[nsqd][stats]") {
  StatsFixture fixture;
  fixture.fill();
  fixture.record->count_publish("t", 2);
  const auto contains = [](const std::string& text, std::string_view part) {
    return text.find(part) != text.npos;
  };
  SECTION("an unknown topic leaves null for topics and producers") {
    CHECK(fixture.json({.topic = "x"}) == join({kHead, R"("topics":null,"producers":null})"}));
  }
  SECTION("a known topic without the channel leaves an empty list") {
    CHECK(contains(fixture.json({.topic = "t", .channel = "x"}), R"("topics":[],"producers":[{)"));
  }
  SECTION("a channel filter drops topics without it and the other channels") {
    const std::string json = fixture.json({.channel = "b"});
    CHECK(contains(json, R"("topics":[{"topic_name":"t","channels":[{"channel_name":"b")"));
    CHECK_FALSE(contains(json, R"("channel_name":"a")"));
    CHECK_FALSE(contains(json, R"("topic_name":"u")"));
  }
  SECTION("without clients the lists are null and client_count is right") {
    const std::string json = fixture.json({.include_clients = false});
    CHECK(contains(json, R"("client_count":1,"clients":null,)"));
    CHECK(contains(json, R"("client_count":0,"clients":null,)"));
    CHECK(json.ends_with(R"("producers":null})"));
  }
}

TEST_CASE("a consumer whose connection has ended meanwhile is left out", "[nsqd][stats]") {
  StatsFixture fixture;
  fixture.fill();
  fixture.record.reset();
  CHECK(fixture.json({.channel = "a"}).find(R"("client_count":1,"clients":[],)") !=
        std::string::npos);
}

TEST_CASE("configured percentiles without samples are 0", "[nsqd][stats]") {
  QueueLimits limits;
  limits.latencies = std::make_shared<const LatencyConfig>(
      LatencyConfig{.quantiles = {1, 0.99}, .window = std::chrono::minutes(10)});
  StatsFixture fixture(limits);
  fixture.percentiles = {1, 0.99};
  fixture.channel("t", "a");
  fixture.topic("u");
  const std::string json = fixture.json({});
  const std::string_view zeros =
      R"("e2e_processing_latency":{"count":0,"percentiles":[{"quantile":1,"value":0},)"
      R"({"quantile":0.99,"value":0}]}})";
  CHECK(json.find(join({R"("paused":false,)", zeros, "],"})) != json.npos);
  CHECK(json.find(join({R"("message_bytes":0,"paused":false,"durability":"disk",)", zeros})) !=
        json.npos);
  CHECK(json.ends_with(join({kNoLatency, R"(],"producers":null})"})));  // u has no channels
}

TEST_CASE("the text for people", "[nsqd][stats]") {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  StatsFixture fixture;
  const std::string head = nsq::config::daemon_version_line("nsqd") +
                           "\nstart_time 2023-11-14T22:12:14Z\nuptime 1m5.5s\n\nHealth: OK\n";
  CHECK(to_text(fixture.take({.include_mem = false})) ==
        head + "\nTopics: None\n\nProducers: None\n");
  CHECK(
      to_text(fixture.take({}))
          .starts_with(
              head + "\nMemory:\n   heap_objects             \t0\n   heap_idle_bytes          \t"));

  fixture.fill();
  const auto publisher = fixture.clients.add("10.0.0.8:6000", fixture.now.wall);
  publisher->count_publish("t", 2);
  publisher->count_publish("u", 1);
  const std::string expected =
      head +
      "\nTopics:"
      "\n   [t              ] depth: 0     be-depth: 0     msgs: 2        e2e%: \n"
      "      [a                        ] depth: 1     be-depth: 0     inflt: 1    def: 0    "
      "re-q: 0     timeout: 0     msgs: 2        e2e%: \n"
      "        [V2 box:5000 probe/1 \"x\" ] state: 3 inflt: 1    rdy: 5    fin: 0        "
      "re-q: 0        msgs: 1        connected: 5s\n"
      "   *P [b                        ] depth: 2     be-depth: 0     inflt: 0    def: 0    "
      "re-q: 0     timeout: 0     msgs: 2        e2e%: \n"
      "\n   [u              ] depth: 1     be-depth: 0     msgs: 1        e2e%: \n"
      "\nProducers:\n"
      "   [V2 10.0.0.8:6000        ] msgs: 3        topics: t=2,u=1 connected: 0s\n";
  CHECK(to_text(fixture.take({.include_mem = false})) == expected);
}

}  // namespace
}  // namespace nsqd
