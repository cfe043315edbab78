// A new topic that keeps its messages until the channels that others know of are there.

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/broker_fixture.hpp"

namespace nsqd {
namespace {

using Bodies = std::vector<std::string>;

struct PreparedFixture : BrokerFixture {
  PreparedFixture() { observer.prepares = true; }

  void prepared(Topic& which) {
    Effects effects;
    which.channels_prepared(effects);
    effects.run();
  }
};

TEST_CASE("all channels that come in time get the first message", "[queue][prepared]") {
  PreparedFixture f;
  const auto topic = f.topic("t");
  CHECK(topic->awaits_channels());
  const auto subscribed = f.channel("t", "subscribed");
  REQUIRE(f.publish(*topic, {"first"}));
  const auto known = f.channel("t", "known");
  REQUIRE(f.publish(*topic, {"second"}));
  CHECK(f.drain(*subscribed).empty());
  CHECK(topic->stats({}, false).depth == 2);
  CHECK_FALSE(topic->paused());

  f.prepared(*topic);
  CHECK_FALSE(topic->awaits_channels());
  CHECK(bodies(f.drain(*subscribed)) == Bodies{"first", "second"});
  CHECK(bodies(f.drain(*known)) == Bodies{"first", "second"});
  const auto late = f.channel("t", "late");
  REQUIRE(f.publish(*topic, {"third"}));
  CHECK(bodies(f.drain(*late)) == Bodies{"third"});
}

TEST_CASE("without any channel they wait for the first, as ever", "[queue][prepared]") {
  PreparedFixture f;
  const auto topic = f.topic("t");
  REQUIRE(f.publish(*topic, {"first"}));
  f.prepared(*topic);
  CHECK(bodies(f.drain(*f.channel("t", "c"))) == Bodies{"first"});
}

TEST_CASE("a deferred message keeps its time and reaches all of them", "[queue][prepared]") {
  PreparedFixture f;
  const auto topic = f.topic("t");
  REQUIRE(f.publish_deferred(*topic, "later", Seconds(1)));
  const auto a = f.channel("t", "a");
  const auto b = f.channel("t", "b");
  f.prepared(*topic);
  for (const auto& channel : {a, b}) CHECK(channel->stats(false).deferred_count == 1);
  f.advance(Seconds(1));
  for (const auto& channel : {a, b}) {
    CHECK(channel->stats(false).deferred_count == 0);
    CHECK(channel->stats(false).depth == 1);
  }
}

TEST_CASE("pausing goes its own way", "[queue][prepared]") {
  PreparedFixture f;
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  REQUIRE(f.publish(*topic, {"first"}));
  f.pause(*topic, true);
  f.prepared(*topic);
  CHECK(f.drain(*channel).empty());
  f.pause(*topic, false);
  CHECK(bodies(f.drain(*channel)) == Bodies{"first"});
}

TEST_CASE("who ends before the channels are there goes on without waiting", "[queue][prepared]") {
  const bool crash = GENERATE(true, false);
  PreparedFixture f;
  REQUIRE(f.publish(*f.topic("t"), {"first"}));
  f.channel("t", "c");
  crash ? f.crash() : f.restart();
  const auto topic = f.broker->find_topic("t");
  REQUIRE(topic);
  CHECK_FALSE(topic->awaits_channels());
  const auto channel = topic->find_channel("c");
  REQUIRE(channel);
  CHECK(channel->stats(false).depth == 1);
  CHECK(topic->stats({}, false).depth == 0);
}

TEST_CASE("only new topics wait, and only if the observer says so", "[queue][prepared]") {
  PreparedFixture f;
  f.observer.prepares = false;
  CHECK_FALSE(f.topic("t")->awaits_channels());
  f.observer.prepares = true;
  CHECK_FALSE(f.topic("t")->awaits_channels());
  CHECK(f.topic("u")->awaits_channels());
}

}  // namespace
}  // namespace nsqd
