#include "nsqd/queue/topic.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/broker_fixture.hpp"

using namespace nsqd;
using Bodies = std::vector<std::string>;

TEST_CASE("each channel gets every message, out of one block", "[queue][topic]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  const auto a = f.channel("t", "a");
  const auto b = f.channel("t", "b");
  REQUIRE(f.publish(*topic, {"x", "yy"}));
  const auto from_a = f.drain(*a);
  const auto from_b = f.drain(*b);
  CHECK(bodies(from_a) == Bodies{"x", "yy"});
  CHECK(bodies(from_b) == Bodies{"x", "yy"});
  CHECK(from_a.at(0).block == from_b.at(0).block);
  const auto seen_a = messages(from_a);
  const auto seen_b = messages(from_b);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(seen_a[i].id == seen_b[i].id);
    CHECK(seen_a[i].timestamp == nsq::unix_nanos(f.clock.now.wall));
    CHECK(seen_a[i].attempts == 0);
  }
}

TEST_CASE("offsets count up and ids rise, whatever size the publishes have", "[queue][topic]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  const Bodies sizes{"s", std::string(200, 'm'),    std::string(20'000, 'l'),
                     "s", std::string(40'000, 'x'), std::string(8'000, 'y')};
  for (const auto& body : sizes) REQUIRE(f.publish(*topic, {body}));
  REQUIRE(f.publish(*topic, sizes));
  const auto got = messages(f.drain(*channel));
  REQUIRE(got.size() == 12);
  for (std::size_t i = 0; i < got.size(); ++i) {
    CHECK(got[i].offset == i);
    CHECK(got[i].body == sizes[i % 6]);
    if (i > 0) CHECK(got[i].id > got[i - 1].id);
  }
}

TEST_CASE("small publishes share a block, and its memory is used again", "[queue][topic]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  REQUIRE(f.publish(*topic, {"a"}));
  REQUIRE(f.publish(*topic, {"b"}));
  auto runs = f.drain(*channel);
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].count == 2);

  // While they are in flight the block is not touched, however much follows.
  for (int i = 0; i < 500; ++i) REQUIRE(f.publish(*topic, {"later"}));
  CHECK(bodies(runs) == Bodies{"a", "b"});
}

TEST_CASE("the first channel gets the backlog, later ones only what is new", "[queue][topic]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  REQUIRE(f.publish(*topic, {"old1", "old2"}));
  CHECK(topic->stats({}, false).depth == 2);
  const auto first = f.channel("t", "first");
  CHECK(topic->stats({}, false).depth == 0);
  const auto second = f.channel("t", "second");
  REQUIRE(f.publish(*topic, {"new"}));
  CHECK(bodies(f.drain(*first)) == Bodies{"old1", "old2", "new"});
  CHECK(bodies(f.drain(*second)) == Bodies{"new"});
}

TEST_CASE("a topic that lost its last channel keeps messages again", "[queue][topic]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  const auto gone = f.channel("t", "c");
  REQUIRE(f.broker->delete_channel(topic, "c"));
  REQUIRE(f.publish(*topic, {"m"}));
  CHECK(topic->stats({}, false).depth == 1);
  CHECK(gone->stats(false).depth == 0);
  CHECK(bodies(f.drain(*f.channel("t", "d"))) == Bodies{"m"});
}

TEST_CASE("a paused topic publishes but hands nothing on", "[queue][topic]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  REQUIRE(f.publish(*topic, {"before"}));
  f.pause(*topic, true);
  f.pause(*topic, true);
  CHECK(topic->paused());
  REQUIRE(f.publish(*topic, {"during"}));
  CHECK(topic->stats({}, false).depth == 1);
  CHECK(channel->stats(false).depth == 1);
  const auto late = f.channel("t", "late");
  CHECK(late->stats(false).depth == 0);
  f.pause(*topic, false);
  CHECK(topic->stats({}, false).depth == 0);
  CHECK(bodies(f.drain(*channel)) == Bodies{"before", "during"});
  CHECK(bodies(f.drain(*late)) == Bodies{"during"});
}

TEST_CASE("going on after a pause wakes the consumers", "[queue][topic]") {
  BrokerFixture f;
  const auto client = make_client(1);
  const auto subscription = f.subscribe("t", "c", client);
  subscription.channel->set_ready(*client.consumer, 1);
  pull_all(*subscription.channel, client, f.clock.now);
  f.pause(*subscription.topic, true);
  REQUIRE(f.publish(*subscription.topic, {"m"}));
  CHECK(client.waker->calls == 0);
  f.pause(*subscription.topic, false);
  CHECK(client.waker->calls == 1);
}

TEST_CASE("emptying a topic leaves its channels alone", "[queue][topic]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  REQUIRE(f.publish(*topic, {"kept"}));
  f.pause(*topic, true);
  REQUIRE(f.publish(*topic, {"dropped"}));
  REQUIRE(f.publish_deferred(*topic, "dropped too", Seconds(5)));
  CHECK(topic->stats({}, false).depth == 2);
  topic->empty();
  CHECK(topic->stats({}, false).depth == 0);
  f.pause(*topic, false);
  f.advance(Seconds(10));
  CHECK(bodies(f.drain(*channel)) == Bodies{"kept"});
}

TEST_CASE("a deferred publish reaches each channel when it is due", "[queue][topic]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  const auto a = f.channel("t", "a");
  const auto b = f.channel("t", "b");
  REQUIRE(f.publish_deferred(*topic, "later", Seconds(5)));
  for (const auto& channel : {a, b}) {
    CHECK(channel->stats(false).deferred_count == 1);
    CHECK(channel->stats(false).depth == 0);
    CHECK(channel->stats(false).message_count == 1);
  }
  f.advance(Seconds(5) - Nanoseconds(1));
  CHECK(a->stats(false).depth == 0);
  f.advance(Nanoseconds(1));
  f.let_in_due();
  CHECK(bodies(f.drain(*a)) == Bodies{"later"});
  CHECK(bodies(f.drain(*b)) == Bodies{"later"});
}

TEST_CASE("a deferred publish without a delay is a publish", "[queue][topic]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  REQUIRE(f.publish_deferred(*topic, "now", Seconds(0)));
  CHECK(channel->stats(false).deferred_count == 0);
  CHECK(bodies(f.drain(*channel)) == Bodies{"now"});
}

TEST_CASE("a deferred publish waits in a topic without channels, and is never early",
          "[queue][topic]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  REQUIRE(f.publish_deferred(*topic, "later", Seconds(5)));
  CHECK(topic->stats({}, false).depth == 1);
  f.advance(Seconds(1));
  const auto channel = f.channel("t", "c");
  CHECK(topic->stats({}, false).depth == 0);
  CHECK(channel->stats(false).deferred_count == 1);
  f.advance(Seconds(4) - Nanoseconds(1));
  CHECK(channel->stats(false).depth == 0);
  f.advance(Seconds(5));
  CHECK(bodies(f.drain(*channel)) == Bodies{"later"});
}

TEST_CASE("a topic counts what it accepted", "[queue][topic]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  REQUIRE(f.publish(*topic, {"12345", "678"}));
  REQUIRE(f.publish_deferred(*topic, "90", Seconds(1)));
  const auto stats = topic->stats({}, false);
  CHECK(stats.name == "t");
  CHECK(stats.message_count == 3);
  CHECK(stats.message_bytes == 10);
  CHECK(stats.depth == 3);
  CHECK(f.journal->messages == 3);
}

TEST_CASE("the statistics show channels by name, or one alone", "[queue][topic]") {
  BrokerFixture f({.mem_queue_size = 1});
  const auto topic = f.topic("t");
  for (const auto* name : {"b", "c", "a"}) f.channel("t", name);
  const auto all = topic->stats({}, false).channels;
  REQUIRE(all.size() == 3);
  CHECK(all[0].name == "a");
  CHECK(all[2].name == "c");
  const auto one = topic->stats("b", false).channels;
  REQUIRE(one.size() == 1);
  CHECK(one[0].name == "b");
  f.pause(*topic, true);
  REQUIRE(f.publish(*topic, {"1", "2", "3"}));
  CHECK(topic->stats({}, false).backend_depth == 2);
}

TEST_CASE("a deleted topic refuses publishes and channels", "[queue][topic]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  REQUIRE(f.broker->delete_topic("t"));
  CHECK_FALSE(f.publish(*topic, {"m"}));
  CHECK_FALSE(f.publish_deferred(*topic, "m", Seconds(1)));
  CHECK(f.journal->messages == 0);
  Effects effects;
  CHECK(topic->get_or_create_channel(f.channel_name("d"), effects).error().code ==
        nsq::Errc::exiting);
  CHECK(topic->stats({}, false).message_count == 0);
}

TEST_CASE("an ephemeral topic keeps what fits and logs nothing", "[queue][topic]") {
  BrokerFixture f({.mem_queue_size = 10});
  const auto topic = f.topic("t#ephemeral");
  SECTION("one by one") {
    for (int i = 0; i < 15; ++i) REQUIRE(f.publish(*topic, {"m"}));
  }
  SECTION("in a batch") {
    REQUIRE(f.publish(*topic, Bodies(15, "m")));
  }
  const auto stats = topic->stats({}, false);
  CHECK(stats.depth == 10);
  CHECK(stats.backend_depth == 0);
  CHECK(stats.message_count == 15);
  CHECK(f.journal->messages == 0);
  CHECK(f.channel("t#ephemeral", "c")->stats(false).depth == 10);
}

TEST_CASE("what became due in a topic without channels enters the first one by due time",
          "[queue][topic]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  for (const int delay : {5, 3, 4, 1, 2}) {
    REQUIRE(f.publish_deferred(*topic, std::to_string(delay), Seconds(delay)));
  }
  f.advance(Seconds(10));
  f.let_in_due();
  const auto channel = f.channel("t", "c");
  CHECK(bodies(f.drain(*channel)) == Bodies{"1", "2", "3", "4", "5"});
}
