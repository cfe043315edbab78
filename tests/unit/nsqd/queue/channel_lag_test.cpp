// Channels that keep in memory what the limits allow, and read the rest from the log.

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/broker_fixture.hpp"

using namespace nsqd;
using Bodies = std::vector<std::string>;

namespace {

Bodies numbered(int count) {
  Bodies texts;
  for (int i = 0; i < count; ++i) texts.push_back("m" + std::to_string(i));
  return texts;
}

}  // namespace

TEST_CASE("beyond the limit of messages a channel lags, and reads on in order", "[queue][lag]") {
  BrokerFixture f({.mem_queue_size = GENERATE(0U, 1U, 7U)});
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  const Bodies all = numbered(20);
  for (const auto& body : all) REQUIRE(f.publish(*topic, {body}));
  CHECK(channel->stats(false).depth == 20);
  CHECK(channel->stats(false).backend_depth == 20 - f.limits.mem_queue_size);
  const auto client = make_client(1);
  (void)channel->add(client.consumer).value();
  channel->set_ready(*client.consumer, 100);
  Bodies got = bodies(pull_all(*channel, client, f.clock.now));
  for (const auto& body : bodies(pull_all(*channel, client, f.clock.now))) got.push_back(body);
  CHECK(got == all);
  CHECK(channel->stats(false).depth == 0);
  CHECK(channel->stats(false).in_flight_count == 20);
}

TEST_CASE("beyond the limit of bytes a channel lags too", "[queue][lag]") {
  BrokerFixture f({.mem_queue_bytes = 1});
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  REQUIRE(f.publish(*topic, {"first"}));
  REQUIRE(f.publish(*topic, {"second", "third"}));
  CHECK(channel->stats(false).backend_depth == 2);
}

TEST_CASE("a hungry consumer is woken when the read was answered", "[queue][lag]") {
  BrokerFixture f({.mem_queue_size = 0});
  f.log.hold_reads = true;
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  REQUIRE(f.publish(*topic, {"m"}));
  const auto client = make_client(1);
  (void)channel->add(client.consumer).value();
  channel->set_ready(*client.consumer, 1);
  CHECK(pull_all(*channel, client, f.clock.now).empty());
  REQUIRE(f.log.pending_reads() == 1);
  CHECK(client.waker->calls == 0);
  SECTION("and gets the message") {
    f.log.answer_read();
    CHECK(client.waker->calls == 1);
    CHECK(bodies(pull_all(*channel, client, f.clock.now)) == Bodies{"m"});
  }
  SECTION("unless the channel was emptied meanwhile") {
    f.empty(*topic, *channel);
    f.log.answer_read();
    CHECK(channel->stats(false).depth == 0);
    CHECK(pull_all(*channel, client, f.clock.now).empty());
  }
}

TEST_CASE("the age of what is in the log only is looked up once", "[queue][lag]") {
  BrokerFixture f({.mem_queue_size = 0});
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  const auto look = [&] {
    Effects effects;
    channel->peek(effects);
    effects.run();
  };
  look();  // there is nothing to look at
  const auto published = f.clock.now.wall;
  REQUIRE(f.publish(*topic, {"first"}));
  f.clock.advance(Seconds(5));
  REQUIRE(f.publish(*topic, {"second"}));
  CHECK_FALSE(channel->stats(false).oldest);
  f.log.hold_reads = true;
  look();
  look();
  REQUIRE(f.log.pending_reads() == 1);
  SECTION("and shown from then on") {
    f.log.answer_read();
    CHECK(channel->stats(false).oldest == published);
    CHECK(channel->stats(false).backend_depth == 2);  // it was only looked at
    look();
    CHECK(f.log.pending_reads() == 0);
    f.log.hold_reads = false;
    const auto client = make_client(1);
    (void)channel->add(client.consumer).value();
    channel->set_ready(*client.consumer, 2);
    CHECK(pull_all(*channel, client, f.clock.now).empty());  // which reads them
    CHECK(bodies(pull_all(*channel, client, f.clock.now)) == Bodies{"first", "second"});
  }
  SECTION("unless the channel was emptied meanwhile") {
    f.empty(*topic, *channel);
    REQUIRE(f.publish(*topic, {"third"}));
    f.log.answer_read();
    CHECK_FALSE(channel->stats(false).oldest);
    look();
    f.log.answer_read();
    CHECK(channel->stats(false).oldest == published + Seconds(5));
  }
}

TEST_CASE("a reader stops at what is not committed", "[queue][lag]") {
  BrokerFixture f({.mem_queue_size = 0});
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  const auto client = make_client(1);
  (void)channel->add(client.consumer).value();
  channel->set_ready(*client.consumer, 10);
  f.log.hold_commits = true;
  const auto second = f.log.make_journal();
  REQUIRE(f.publish(*topic, {"first"}));
  Effects effects;
  const std::string_view body = "second";
  REQUIRE(topic->publish({&body, 1}, *second, f.clock.now, effects).has_value());
  static_cast<void>(second->commit());
  CHECK(pull_all(*channel, client, f.clock.now).empty());
  second->end_turn(true);  // out of order: nothing can be read yet
  CHECK(pull_all(*channel, client, f.clock.now).empty());
  f.journal->end_turn(true);
  Bodies got = bodies(pull_all(*channel, client, f.clock.now));
  for (const auto& more : bodies(pull_all(*channel, client, f.clock.now))) got.push_back(more);
  CHECK(got == Bodies{"first", "second"});
}

TEST_CASE("a publish that failed is withdrawn from who lags", "[queue][lag]") {
  BrokerFixture f({.mem_queue_size = 0});
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  f.log.fail_commits = true;
  REQUIRE(f.publish(*topic, {"a", "b"}));
  CHECK(channel->stats(false).depth == 0);
}

TEST_CASE("a requeued message of a lagging channel keeps its attempts", "[queue][lag]") {
  BrokerFixture f({.mem_queue_size = 0});
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  REQUIRE(f.publish(*topic, {"m"}));
  const auto client = make_client(1);
  (void)channel->add(client.consumer).value();
  channel->set_ready(*client.consumer, 1);
  pull_all(*channel, client, f.clock.now);
  for (std::uint16_t attempts = 0; attempts < 3; ++attempts) {
    const auto got = messages(pull_all(*channel, client, f.clock.now));
    REQUIRE(got.size() == 1);
    CHECK(got[0].attempts == attempts);
    REQUIRE(f.requeue(*topic, *channel, client, got[0].wire_id(), Nanoseconds::zero()));
    pull_all(*channel, client, f.clock.now);
  }
}

TEST_CASE("a timeout wakes a consumer for what waits, though memory is full", "[queue][lag]") {
  BrokerFixture f({.mem_queue_size = 1});
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  const auto client = make_client(1);
  (void)channel->add(client.consumer).value();
  channel->set_ready(*client.consumer, 1);
  REQUIRE(f.publish(*topic, {"first"}));
  REQUIRE(pull_all(*channel, client, f.clock.now).size() == 1);
  REQUIRE(f.publish(*topic, {"second"}));
  const int woken = client.waker->calls;
  f.advance(Seconds(60));
  CHECK(client.waker->calls > woken);
}
