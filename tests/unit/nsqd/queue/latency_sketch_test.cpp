#include "nsqd/queue/latency_sketch.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

#include "nsqd/queue/message_age.hpp"
#include "tests/unit/nsqd/queue/channel_fixture.hpp"

using namespace nsqd;
using nsq::Nanoseconds;
using nsq::Seconds;

namespace {

const nsq::WallTime kStart{Seconds(1'700'000'000)};

}  // namespace

TEST_CASE("no samples are 0, one is every quantile", "[queue][latency]") {
  LatencySketch sketch;
  CHECK(sketch.quantile(0.5) == Nanoseconds(0));
  CHECK(sketch.quantile(1) == Nanoseconds(0));
  sketch.record(Nanoseconds(12345));
  for (const double q : {0.001, 0.5, 0.99, 1.0}) CHECK(sketch.quantile(q) == Nanoseconds(12345));
}

TEST_CASE("a quantile is a sample of about its rank, 1 is the maximum", "[queue][latency]") {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(15, 2);
  std::vector<std::int64_t> samples;
  LatencySketch sketch;
  for (int i = 0; i < 20'000; ++i) {
    samples.push_back(static_cast<std::int64_t>(latency(random)));
    sketch.record(Nanoseconds(samples.back()));
  }
  std::ranges::sort(samples);
  CHECK(sketch.quantile(1).count() == samples.back());
  for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    CAPTURE(q);
    const auto value = sketch.quantile(q).count();
    const auto found = std::ranges::lower_bound(samples, value);
    REQUIRE(found != samples.end());
    CHECK(*found == value);
    const auto rank = static_cast<double>(found - samples.begin()) / 20'000;
    CHECK(std::abs(rank - q) < 0.01);
  }
}

TEST_CASE("merged sketches are one of all samples", "[queue][latency]") {
  LatencySketch all;
  LatencySketch low;
  LatencySketch high;
  for (int i = 1; i <= 100; ++i) {
    auto& part = i <= 90 ? low : high;
    part.record(nsq::Milliseconds(i));
    all.record(nsq::Milliseconds(i));
  }
  low.merge(high);
  CHECK(low.count() == 100);
  for (const double q : {0.5, 0.9, 0.95, 1.0}) CHECK(low.quantile(q) == all.quantile(q));
}

TEST_CASE("5.14 a window forgets by halves", "[queue][latency]") {
  LatencyWindow window(Seconds(10));
  window.record(Nanoseconds(1), kStart);
  window.record(Nanoseconds(2), kStart + Seconds(4));
  CHECK(window.sketch(kStart + Seconds(4)).count() == 2);
  window.record(Nanoseconds(3), kStart + Seconds(5));
  CHECK(window.sketch(kStart + Seconds(9)).count() == 3);
  CHECK(window.sketch(kStart + Seconds(10)).count() == 1);  // only looking forgets too
  window.record(Nanoseconds(4), kStart + Seconds(11));
  CHECK(window.sketch(kStart + Seconds(14)).count() == 2);
  CHECK(window.sketch(kStart + Seconds(100)).count() == 0);
  window.record(Nanoseconds(5), kStart + Seconds(100));
  CHECK(window.sketch(kStart + Seconds(100)).count() == 1);
}

TEST_CASE("5.14 a FIN is measured, a REQ and a timeout are not", "[queue][latency]") {
  QueueLimits limits;
  limits.latencies = std::make_shared<const LatencyConfig>(
      LatencyConfig{.quantiles = {1.0}, .window = std::chrono::minutes(10)});
  ChannelFixture f(limits);
  const auto client = f.client(1, 10);
  f.put(make_run(2));
  const auto got = messages(f.pull(client));
  REQUIRE(got.size() == 2);
  REQUIRE(f.requeue(client, got[0].wire_id()));
  nsq::metrics::LatencyHistogram histogram;
  const auto published = nsq::WallTime(Nanoseconds(got[1].timestamp));
  const auto id = got[1].wire_id();
  std::vector<AnswerFailure> failures;
  f.channel->finish(*client.consumer, {&id, 1}, failures,
                    {.now = published + Seconds(3), .latencies = &histogram});
  LatencySketch sketch;
  f.channel->add_latencies(sketch, published + Seconds(3));
  CHECK(sketch.count() == 1);
  CHECK(sketch.quantile(1) == Seconds(3));
  CHECK(histogram.read().sum == Seconds(3));
  CHECK(f.stats().finish_count == 1);
}

TEST_CASE("a message has an age whatever its timestamp says", "[queue][latency]") {
  const auto now = nsq::WallTime(std::chrono::hours(400'000));
  CHECK(message_age(now - Seconds(3), now) == Seconds(3));
  CHECK(message_age(now + Seconds(3), now) == Nanoseconds(0));
  CHECK(message_age(nsq::WallTime::min(), now) == now.time_since_epoch());
  CHECK(message_age(nsq::WallTime::max(), now) == Nanoseconds(0));
}

TEST_CASE("the oldest message is the first that waits or is in flight", "[queue][latency]") {
  ChannelFixture f;
  CHECK_FALSE(f.stats().oldest.has_value());
  f.put(make_run(2));
  const auto waiting = f.stats().oldest;
  REQUIRE(waiting.has_value());
  const auto client = f.client(1, 1);
  const auto got = messages(f.pull(client));
  REQUIRE(got.size() == 1);
  CHECK(*waiting == nsq::WallTime(Nanoseconds(got[0].timestamp)));
  CHECK(f.stats().oldest == waiting);  // in flight now
}

TEST_CASE("5.15 nearer consumers are woken first, as far as their room goes",
          "[queue][channel][topology]") {
  ChannelFixture f;
  const auto near_client = [&](std::uint64_t connection, Locality locality) {
    ConsumerOptions options{.connection = connection, .msg_timeout = Seconds(60)};
    options.locality = locality;
    TestClient made(options);
    (void)f.channel->add(made.consumer).value();
    f.channel->set_ready(*made.consumer, 5);
    f.pull(made);
    return made;
  };
  const auto far = near_client(1, Locality::elsewhere);
  const auto region = near_client(2, Locality::region);
  const auto zone = near_client(3, Locality::zone);
  for (std::uint64_t i = 0; i < 12; ++i) {
    f.put(make_run(1, i, 1000 * (i + 1)));
    for (const auto* client : {&far, &region, &zone}) {
      if (client->waker->calls > 0) f.pull(*client);
      client->waker->calls = 0;
    }
  }
  CHECK(f.stats().zone_local_msg_count == 5);
  CHECK(f.stats().region_local_msg_count == 5);
  CHECK(f.stats().global_msg_count == 2);
}
