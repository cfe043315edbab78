#include "nsqd/queue/broker.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/broker_fixture.hpp"

using namespace nsqd;
using Events = std::vector<std::string>;

TEST_CASE("subscribing creates topic and channel", "[queue][broker]") {
  BrokerFixture f;
  const auto client = make_client(1);
  const auto subscription = f.subscribe("t", "c", client);
  CHECK(f.observer.events == Events{"+t", "+t/c"});
  CHECK(f.broker->find_topic("t") == subscription.topic);
  CHECK(subscription.topic->find_channel("c") == subscription.channel);
  CHECK(subscription.channel->stats(false).client_count == 1);

  const auto second = make_client(2);
  CHECK(f.subscribe("t", "c", second).channel == subscription.channel);
  CHECK(f.observer.events.size() == 2);
}

TEST_CASE("topics are found by name and listed in order", "[queue][broker]") {
  BrokerFixture f;
  for (const auto* name : {"b", "a", "c"}) f.topic(name);
  CHECK(f.topic("b") == f.broker->find_topic("b"));
  CHECK(f.broker->find_topic("d") == nullptr);
  std::string order;
  for (const auto& topic : f.broker->topics()) order += topic->name().view();
  CHECK(order == "abc");
}

TEST_CASE("a refused subscription has created topic and channel all the same", "[queue][broker]") {
  BrokerFixture f({.max_channel_consumers = 1});
  const auto first = make_client(1);
  f.subscribe("t", "c", first);
  const auto second = make_client(2);
  const auto refused = f.broker->subscribe(f.topic_name("t"), f.channel_name("c"), second.consumer);
  CHECK(refused.error().code == nsq::Errc::too_many_consumers);
  f.subscribe("t", "d", second);
}

TEST_CASE("an ephemeral channel goes with its last consumer", "[queue][broker]") {
  BrokerFixture f;
  const auto a = make_client(1);
  const auto b = make_client(2);
  const auto subscription = f.subscribe("t", "c#ephemeral", a);
  f.subscribe("t", "c#ephemeral", b);
  f.broker->unsubscribe(subscription, a.consumer);
  CHECK(subscription.topic->find_channel("c#ephemeral") != nullptr);
  f.broker->unsubscribe(subscription, b.consumer);
  CHECK(subscription.topic->find_channel("c#ephemeral") == nullptr);
  CHECK(f.broker->find_topic("t") != nullptr);
  CHECK(f.observer.events == Events{"+t", "+t/c#ephemeral", "-t/c#ephemeral"});
}

TEST_CASE("an ephemeral topic goes with its last channel", "[queue][broker]") {
  BrokerFixture f;
  const auto client = make_client(1);
  const auto subscription = f.subscribe("t#ephemeral", "c#ephemeral", client);
  SECTION("which went with its consumer") {
    f.broker->unsubscribe(subscription, client.consumer);
    CHECK(f.broker->find_topic("t#ephemeral") == nullptr);
    CHECK(f.observer.events.back() == "-t#ephemeral");
  }
  SECTION("of whatever kind") {
    f.channel("t#ephemeral", "stays");
    f.broker->unsubscribe(subscription, client.consumer);
    CHECK(f.broker->find_topic("t#ephemeral") != nullptr);
    REQUIRE(f.broker->delete_channel(subscription.topic, "stays"));
    CHECK(f.broker->find_topic("t#ephemeral") == nullptr);
  }
}

TEST_CASE("what is ephemeral and was never used stays", "[queue][broker]") {
  BrokerFixture f;
  f.channel("t#ephemeral", "c#ephemeral");
  CHECK(f.broker->find_topic("t#ephemeral") != nullptr);
  CHECK(f.observer.events.size() == 2);
}

TEST_CASE("a channel that is not ephemeral outlives its consumers", "[queue][broker]") {
  BrokerFixture f;
  const auto client = make_client(1);
  const auto subscription = f.subscribe("t", "c", client);
  f.broker->unsubscribe(subscription, client.consumer);
  CHECK(subscription.topic->find_channel("c") == subscription.channel);
}

TEST_CASE("deleting a topic deletes its channels and closes their consumers", "[queue][broker]") {
  BrokerFixture f;
  const auto client = make_client(1);
  const auto subscription = f.subscribe("t", "c", client);
  f.channel("t", "d");
  f.observer.events.clear();
  REQUIRE(f.broker->delete_topic("t"));
  CHECK(f.observer.events == Events{"-t/c", "-t/d", "-t"});
  CHECK(client.waker->calls == 1);
  std::vector<Run> runs;
  Effects effects;
  CHECK(subscription.channel->pull(client.consumer, f.clock.now, {}, runs, effects).evicted);
  CHECK_FALSE(f.broker->delete_topic("t"));
  // Leaving afterwards disturbs nothing.
  f.topic("t");
  f.broker->unsubscribe(subscription, client.consumer);
  CHECK(f.broker->find_topic("t") != nullptr);
}

TEST_CASE("a name that was deleted is created anew, and empty", "[queue][broker]") {
  BrokerFixture f;
  const auto old_topic = f.topic("t");
  f.channel("t", "c");
  REQUIRE(f.publish(*old_topic, {"old"}));
  const auto old_id = messages(f.drain(*f.channel("t", "c"))).at(0).id;
  REQUIRE(f.broker->delete_topic("t"));
  CHECK_FALSE(f.publish(*old_topic, {"lost"}));
  f.advance(nsq::Milliseconds(2));
  const auto fresh = f.topic("t");
  CHECK(fresh != old_topic);
  CHECK(fresh->channels().empty());
  REQUIRE(f.publish(*fresh, {"new"}));
  const auto got = messages(f.drain(*f.channel("t", "c")));
  REQUIRE(got.size() == 1);
  CHECK(got[0].body == "new");
  CHECK(got[0].id > old_id);
}

TEST_CASE("a deleted channel is created anew, without its messages", "[queue][broker]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  const auto old_channel = f.channel("t", "c");
  f.channel("t", "other");
  REQUIRE(f.publish(*topic, {"m"}));
  REQUIRE(f.broker->delete_channel(topic, "c"));
  CHECK_FALSE(f.broker->delete_channel(topic, "c"));
  const auto fresh = f.channel("t", "c");
  CHECK(fresh != old_channel);
  CHECK(fresh->stats(false).depth == 0);
  CHECK(topic->find_channel("other")->stats(false).depth == 1);
}

TEST_CASE("a closed broker refuses what is new and serves what is there", "[queue][broker]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  f.broker->close();
  CHECK(f.broker->get_or_create_topic(f.topic_name("u")).error().code == nsq::Errc::exiting);
  const auto client = make_client(1);
  CHECK(f.broker->subscribe(f.topic_name("t"), f.channel_name("c"), client.consumer).error().code ==
        nsq::Errc::exiting);
  CHECK(f.broker->find_topic("t") == topic);
}
