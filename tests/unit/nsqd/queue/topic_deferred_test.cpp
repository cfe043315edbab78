// Deferred messages of a topic on a log.

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/broker_fixture.hpp"

using namespace nsqd;
using Bodies = std::vector<std::string>;

TEST_CASE("a deferred publish comes in its time after a stop of any kind", "[queue][deferred]") {
  BrokerFixture f;
  f.channel("t", "c");
  const auto delay = GENERATE(Seconds(1), Seconds(1000));
  REQUIRE(f.publish_deferred(*f.topic("t"), "later", delay));
  SECTION("crash") {
    f.crash();
  }
  SECTION("clean") {
    f.restart();
  }
  const auto channel = f.channel("t", "c");
  CHECK(channel->stats(false).deferred_count == 1);
  while (f.deadlines.next() && *f.deadlines.next() < at(delay)) {
    f.advance(*f.deadlines.next() - f.clock.now.mono);
    CHECK(channel->stats(false).depth == 0);
  }
  f.advance(at(delay) - f.clock.now.mono);
  CHECK(channel->stats(false).deferred_count == 0);
  CHECK(bodies(f.drain(*channel)) == Bodies{"later"});
}

TEST_CASE("who was created or emptied after a deferred publish does not get it",
          "[queue][deferred]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  const auto early = f.channel("t", "early");
  const auto emptied = f.channel("t", "emptied");
  REQUIRE(f.publish_deferred(*topic, "m", Seconds(1)));
  const auto late = f.channel("t", "late");
  f.empty(*topic, *emptied);
  f.advance(Seconds(1));
  CHECK(early->stats(false).depth == 1);
  CHECK(emptied->stats(false).depth == 0);
  CHECK(late->stats(false).depth == 0);
}

TEST_CASE("a due message whose new place cannot be written is tried again", "[queue][deferred]") {
  BrokerFixture f({.mem_queue_size = 0});
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  REQUIRE(f.publish_deferred(*topic, "m", Seconds(1)));
  f.log.fail_commits = true;
  f.advance(Seconds(1));
  CHECK(channel->stats(false).depth + channel->stats(false).deferred_count == 1);
  f.log.fail_commits = false;
  f.advance(Seconds(2));
  CHECK(channel->stats(false).depth == 1);
  CHECK(channel->stats(false).deferred_count == 0);
}

TEST_CASE("a deferred publish that failed is not counted any more", "[queue][deferred]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  f.log.fail_commits = true;
  SECTION("of a channel") {
    const auto channel = f.channel("t", "c");
    REQUIRE(f.publish_deferred(*topic, "m", Seconds(100)));
    CHECK(channel->stats(false).deferred_count == 0);
  }
  SECTION("of the topic") {
    REQUIRE(f.publish_deferred(*topic, "m", Seconds(100)));
    CHECK(topic->stats({}, false).depth == 0);
  }
}

TEST_CASE("REQ with a delay is cut to the longest, and comes once after a crash",
          "[queue][deferred]") {
  BrokerFixture f({.max_req_timeout = Seconds(10)});
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  REQUIRE(f.publish(*topic, {"m"}));
  const auto client = make_client(1);
  (void)channel->add(client.consumer).value();
  channel->set_ready(*client.consumer, 1);
  const auto message = messages(pull_all(*channel, client, f.clock.now)).at(0);
  f.log.save_dirty(*f.broker);  // in flight: older than the deferral
  REQUIRE(f.requeue(*topic, *channel, client, message.wire_id(), Seconds(7200)));
  CHECK(channel->stats(false).deferred_count == 1);
  const bool moved = GENERATE(false, true);
  if (moved) f.advance(Seconds(10));
  f.crash();
  const auto again = f.channel("t", "c");
  CHECK(again->stats(false).depth + again->stats(false).deferred_count == 1);
  f.advance(Seconds(8));
  f.advance(Seconds(2));
  f.let_in_due();
  const auto got = messages(f.drain(*again));
  REQUIRE(got.size() == 1);
  CHECK(got[0].id == message.id);
  CHECK(got[0].attempts == 1);
}
