// Who is woken for what, and what operators do to a channel: a message may never lie while a
// consumer stands in line for it.

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/channel_fixture.hpp"

using namespace nsqd;

TEST_CASE("as many hungry consumers are woken as there are messages, the longest waiting first",
          "[queue][channel]") {
  ChannelFixture f;
  const auto a = f.client(1, 10);
  const auto b = f.client(2, 10);
  const auto c = f.client(3, 10);
  for (const auto* client : {&b, &c, &a}) f.pull(*client);
  f.put(make_run(2));
  CHECK(b.waker->calls == 1);
  CHECK(c.waker->calls == 1);
  CHECK(a.waker->calls == 0);
  f.put(make_run(1, 2, 2000));
  CHECK(a.waker->calls == 1);
}

TEST_CASE("a consumer that was woken is not woken again before it pulls", "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 10);
  f.pull(client);
  f.put(make_run(1));
  f.put(make_run(1, 1, 2000));
  CHECK(client.waker->calls == 1);
  CHECK(f.pull(client).size() == 2);
  f.put(make_run(1, 2, 3000));
  CHECK(client.waker->calls == 2);
}

TEST_CASE("a consumer without room is not woken", "[queue][channel]") {
  ChannelFixture f;
  const auto idle = f.client(1, 0);
  const auto full = f.client(2, 1);
  f.put(make_run(1));
  f.pull(idle);
  CHECK(f.pull(full).size() == 1);
  f.put(make_run(1, 1, 2000));
  CHECK(idle.waker->calls == 0);
  CHECK(full.waker->calls == 0);
}

TEST_CASE("a woken consumer that declines passes its messages on", "[queue][channel]") {
  ChannelFixture f;
  const auto a = f.client(1, 10);
  const auto b = f.client(2, 10);
  f.pull(a);
  f.pull(b);
  f.put(make_run(1));
  REQUIRE(a.waker->calls == 1);
  REQUIRE(b.waker->calls == 0);
  Effects effects;
  SECTION("because its socket takes nothing") {
    f.channel->decline(*a.consumer, effects);
  }
  SECTION("because it leaves") {
    f.channel->remove(a.consumer, effects);
  }
  effects.run();
  CHECK(b.waker->calls == 1);
  CHECK(f.pull(b).size() == 1);
}

TEST_CASE("a woken consumer that lost its room passes its messages on", "[queue][channel]") {
  ChannelFixture f;
  const auto a = f.client(1, 10);
  const auto b = f.client(2, 10);
  f.pull(a);
  f.pull(b);
  f.put(make_run(1));
  REQUIRE(a.waker->calls == 1);
  SECTION("by RDY 0") {
    f.channel->set_ready(*a.consumer, 0);
  }
  SECTION("by CLS") {
    f.channel->close_consumer(*a.consumer);
  }
  CHECK(f.pull(a).empty());
  CHECK(b.waker->calls == 1);
}

TEST_CASE("a consumer that declines stands in no line and pulls by itself later",
          "[queue][channel]") {
  ChannelFixture f;
  const auto a = f.client(1, 10);
  f.pull(a);
  Effects effects;
  f.channel->decline(*a.consumer, effects);
  f.put(make_run(1));
  CHECK(a.waker->calls == 0);
  CHECK(f.pull(a).size() == 1);
}

TEST_CASE("a requeued message wakes who is hungry", "[queue][channel]") {
  ChannelFixture f;
  const auto a = f.client(1, 1);
  const auto b = f.client(2, 1);
  f.put(make_run(1));
  const auto message = messages(f.pull(a)).at(0);
  f.pull(b);
  SECTION("at once") {
    REQUIRE(f.requeue(a, message.wire_id()));
    CHECK(b.waker->calls == 1);
  }
  SECTION("when it is due") {
    const Run run = f.take_to_defer(a, message.wire_id());
    CHECK(b.waker->calls == 0);
    f.put_due(run);
    CHECK(b.waker->calls == 1);
  }
}

TEST_CASE("a deferred message of the topic wakes who is hungry when it is due",
          "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 1);
  f.pull(client);
  f.channel->expect_deferred(1);
  CHECK(f.stats().deferred_count == 1);
  CHECK(f.stats().message_count == 1);
  CHECK(client.waker->calls == 0);
  f.put_due(make_run(1));
  CHECK(client.waker->calls == 1);
  CHECK(f.stats().deferred_count == 0);
  CHECK(f.stats().message_count == 1);
  CHECK(f.pull(client).size() == 1);
}

TEST_CASE("CLS ends deliveries, not answers", "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 1);
  f.put(make_run(2));
  const auto message = messages(f.pull(client)).at(0);
  f.channel->close_consumer(*client.consumer);
  f.channel->set_ready(*client.consumer, 10);
  CHECK(f.pull(client).empty());
  CHECK(f.stats().consumers[0].ready_count == 0);
  CHECK(f.channel->touch(*client.consumer, message.wire_id(), f.clock.now).has_value());
  CHECK(finish(*f.channel, client, message.wire_id()));
  CHECK(f.pull(client).empty());
  CHECK(f.stats().depth == 1);
}

TEST_CASE("a paused channel delivers nothing and goes on with the same RDY", "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 2);
  f.put(make_run(1));
  const auto message = messages(f.pull(client)).at(0);
  Effects effects;
  f.channel->pause(true, effects);
  f.channel->pause(true, effects);
  CHECK(f.channel->paused());
  CHECK(f.stats().paused);

  f.put(make_run(1, 1, 2000));
  CHECK(f.pull(client).empty());
  REQUIRE(f.requeue(client, message.wire_id()));
  CHECK(f.pull(client).empty());
  CHECK(f.stats().depth == 2);
  CHECK(client.waker->calls == 0);

  f.channel->pause(false, effects);
  effects.run();
  CHECK(client.waker->calls == 1);
  CHECK(f.pull(client).size() == 2);
}

TEST_CASE("messages time out in a paused channel, and go out when it goes on", "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 1);
  f.put(make_run(1));
  CHECK(f.pull(client).size() == 1);
  Effects effects;
  f.channel->pause(true, effects);
  f.advance(Seconds(60));
  CHECK(f.stats().timeout_count == 1);
  CHECK(f.stats().depth == 1);
  CHECK(client.waker->calls == 0);
  f.channel->pause(false, effects);
  effects.run();
  CHECK(client.waker->calls == 1);
  CHECK(messages(f.pull(client)).at(0).attempts == 1);
}

TEST_CASE("an emptied channel has nothing, and delivery goes on", "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 3);
  f.put(make_run(4));
  const auto got = messages(f.pull(client));
  REQUIRE(got.size() == 3);
  f.take_to_defer(client, got[0].wire_id());
  f.pull(client);
  Effects effects;
  f.channel->empty(100, 100, effects);
  CHECK(f.channel->start() == 100);
  effects.run();
  const auto stats = f.stats();
  CHECK(stats.depth == 0);
  CHECK(stats.in_flight_count == 0);
  CHECK(stats.deferred_count == 0);
  CHECK(stats.consumers[0].in_flight_count == 0);
  CHECK_FALSE(finish(*f.channel, client, got[1].wire_id()));
  CHECK(f.stats().consumers[0].in_flight_count == 0);

  f.advance(Seconds(100));
  CHECK(f.stats().timeout_count == 0);
  f.pull(client);
  const int woken = client.waker->calls;
  f.put(make_run(3, 10, 5000));
  CHECK(client.waker->calls == woken + 1);
  CHECK(messages(f.pull(client)).size() == 3);
}

TEST_CASE("a deleted channel evicts its consumers and takes nothing more", "[queue][channel]") {
  ChannelFixture f;
  const auto hungry = f.client(1, 1);
  const auto full = f.client(2, 0);
  const auto holder = f.client(3, 1);
  f.put(make_run(1));
  const auto message = messages(f.pull(holder)).at(0);
  f.pull(hungry);
  f.pull(full);
  Effects effects;
  f.channel->exit(effects);
  effects.run();
  for (const auto* client : {&hungry, &full, &holder}) {
    CHECK(client->waker->calls == 1);
    std::vector<Run> runs;
    CHECK(f.channel->pull(client->consumer, f.clock.now, {}, runs, effects).evicted);
    CHECK(runs.empty());
  }
  CHECK_FALSE(finish(*f.channel, holder, message.wire_id()));
  CHECK_FALSE(f.deadlines.next().has_value());
  f.put(make_run(1, 1, 2000));
  f.channel->expect_deferred(1);
  f.put_due(make_run(1, 2, 3000));
  CHECK(f.stats().depth == 0);
  CHECK(f.stats().deferred_count == 0);
  CHECK_FALSE(f.deadlines.next().has_value());
  CHECK(f.channel->add(make_client(4).consumer).error().code == Errc::exiting);
}

TEST_CASE("a channel with consumers does not go as unused", "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 1);
  Effects effects;
  CHECK_FALSE(f.channel->exit_if_unused(effects));
  f.channel->remove(client.consumer, effects);
  CHECK(f.channel->exit_if_unused(effects));
}

TEST_CASE("more messages time out than one round handles, and none is left", "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 10'000);
  f.put(make_run(10'000));
  REQUIRE(messages(f.pull(client)).size() == 10'000);
  f.clock.advance(Seconds(60));
  int rounds = 0;
  while (f.deadlines.next() && *f.deadlines.next() <= f.clock.now.mono) {
    REQUIRE(++rounds < 10);
    f.deadlines.expire_due(f.clock.now);
  }
  CHECK(rounds > 1);
  CHECK(f.stats().depth == 10'000);
  CHECK(f.stats().timeout_count == 10'000);
}
