#include "nsqd/queue/channel.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/channel_fixture.hpp"

using namespace nsqd;
using Bodies = std::vector<std::string>;

TEST_CASE("a consumer gets what waits, oldest first, once", "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 100);
  f.put(make_run(3));
  CHECK(bodies(f.pull(client)) == Bodies{"m0", "m1", "m2"});
  CHECK(f.pull(client).empty());
  const auto stats = f.stats();
  CHECK(stats.depth == 0);
  CHECK(stats.in_flight_count == 3);
  CHECK(stats.message_count == 3);
  REQUIRE(stats.consumers.size() == 1);
  CHECK(stats.consumers[0].in_flight_count == 3);
  CHECK(stats.consumers[0].message_count == 3);
}

TEST_CASE("RDY is a ceiling on what is in flight", "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 0);
  f.put(make_run(10));
  CHECK(f.pull(client).empty());

  f.channel->set_ready(*client.consumer, 2);
  auto got = messages(f.pull(client));
  REQUIRE(got.size() == 2);
  CHECK(f.pull(client).empty());

  SECTION("an answer frees a slot without another RDY") {
    CHECK(finish(*f.channel, client, got[0].wire_id()));
    CHECK(bodies(f.pull(client)) == Bodies{"m2"});
  }
  SECTION("lowered below what is in flight it stops delivery until enough is answered") {
    f.channel->set_ready(*client.consumer, 1);
    CHECK(finish(*f.channel, client, got[0].wire_id()));
    CHECK(f.pull(client).empty());
    CHECK(finish(*f.channel, client, got[1].wire_id()));
    CHECK(f.pull(client).size() == 1);
  }
  SECTION("raised it lets the difference through") {
    f.channel->set_ready(*client.consumer, 5);
    CHECK(bodies(f.pull(client)) == Bodies{"m2", "m3", "m4"});
  }
}

TEST_CASE("a pull stops at its limits and says that there is more", "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 100);
  f.put(make_run({"1234567890", "1234567890", "1234567890"}));
  std::vector<Run> runs;
  Effects effects;
  SECTION("messages") {
    const auto result =
        f.channel->pull(client.consumer, f.clock.now, {.messages = 2}, runs, effects);
    CHECK(result.messages == 2);
    CHECK(result.more);
  }
  SECTION("bytes, across runs") {
    f.put(make_run({"1234567890"}, 3));
    const std::uint32_t frame = kFrameOverhead + 10;
    const auto limit = GENERATE_COPY(values({2 * frame - 1, 4 * frame - 1}));
    const auto result =
        f.channel->pull(client.consumer, f.clock.now, {.bytes = limit}, runs, effects);
    CHECK(result.messages == limit / frame);
    CHECK(result.more);
  }
  SECTION("bytes, but for a single message") {
    const auto result = f.channel->pull(client.consumer, f.clock.now, {.bytes = 1}, runs, effects);
    CHECK(result.messages == 1);
    CHECK(result.more);
  }
  SECTION("neither") {
    const auto result = f.channel->pull(client.consumer, f.clock.now, {}, runs, effects);
    CHECK(result.messages == 3);
    CHECK_FALSE(result.more);
  }
}

TEST_CASE("hungry consumers share what comes", "[queue][channel]") {
  ChannelFixture f;
  const auto a = f.client(1, 100);
  const auto b = f.client(2, 100);
  f.pull(a);
  f.pull(b);
  f.put(make_run(10));
  std::vector<Run> runs;
  Effects effects;
  CHECK(f.channel->pull(a.consumer, f.clock.now, {}, runs, effects).messages == 5);
  CHECK(f.channel->pull(b.consumer, f.clock.now, {}, runs, effects).messages == 3);
}

TEST_CASE("only who may answer a message does", "[queue][channel]") {
  ChannelFixture f;
  const auto owner = f.client(1, 1);
  const auto other = f.client(2, 1);
  f.put(make_run(1));
  const auto message = messages(f.pull(owner)).at(0);
  const auto unknown = nsq::wire::MessageId::from_number(424242);
  const auto not_hex = *nsq::wire::MessageId::from("0123456789ABCDEF");
  Effects effects;

  const auto expect = [&](const TestClient& client, const nsq::wire::MessageId& id, Errc why) {
    std::vector<AnswerFailure> failures;
    f.channel->finish(*client.consumer, {&id, 1}, failures);
    REQUIRE(failures.size() == 1);
    CHECK(failures[0].why == why);
    CHECK(failures[0].id == id);
    CHECK(f.channel->touch(*client.consumer, id, f.clock.now).error().code == why);
    CHECK(f.channel->requeue(*client.consumer, id, effects).error().code == why);
    CHECK(f.channel->take_to_defer(*client.consumer, id).error().code == why);
  };
  expect(other, message.wire_id(), Errc::not_owner);
  expect(owner, unknown, Errc::not_in_flight);
  expect(owner, not_hex, Errc::not_in_flight);
  CHECK(f.stats().in_flight_count == 1);
  CHECK(f.stats().requeue_count == 0);

  CHECK(finish(*f.channel, owner, message.wire_id()));
  expect(owner, message.wire_id(), Errc::not_in_flight);
  CHECK(f.stats().consumers[0].in_flight_count == 0);
}

TEST_CASE("FINs of one call fail one by one, in order", "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 10);
  f.put(make_run(3));
  const auto got = messages(f.pull(client));
  const auto ghost = nsq::wire::MessageId::from_number(1);
  const std::vector<nsq::wire::MessageId> ids{got[0].wire_id(), ghost, got[2].wire_id(),
                                              got[0].wire_id()};
  std::vector<AnswerFailure> failures;
  f.channel->finish(*client.consumer, ids, failures);
  REQUIRE(failures.size() == 2);
  CHECK(failures[0].id == ghost);
  CHECK(failures[1].id == got[0].wire_id());
  CHECK(f.stats().in_flight_count == 1);
  CHECK(f.stats().consumers[0].finish_count == 2);
}

TEST_CASE("REQ 0 puts a message at the tail with its attempts", "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 1);
  f.put(make_run(3));
  const auto first = messages(f.pull(client)).at(0);
  CHECK(f.requeue(client, first.wire_id()));
  Bodies order;
  std::vector<std::uint16_t> attempts;
  for (int i = 0; i < 3; ++i) {
    const auto got = messages(f.pull(client)).at(0);
    order.push_back(got.body);
    attempts.push_back(got.attempts);
    CHECK(finish(*f.channel, client, got.wire_id()));
  }
  CHECK(order == Bodies{"m1", "m2", "m0"});
  CHECK(attempts == std::vector<std::uint16_t>{0, 0, 1});
  CHECK(f.stats().requeue_count == 1);
  CHECK(f.stats().message_count == 3);
  CHECK(f.stats().consumers[0].requeue_count == 1);
}

TEST_CASE("REQ with a delay hands the message to the topic, and counts it", "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 1);
  f.put(make_run({"body"}, 0, 77));
  const auto message = messages(f.pull(client)).at(0);
  const Run run = f.take_to_defer(client, message.wire_id());
  CHECK(run.attempts == 1);
  CHECK(f.stats().deferred_count == 1);
  CHECK(f.stats().requeue_count == 1);
  CHECK(f.stats().depth == 0);
  CHECK(f.stats().in_flight_count == 0);
  CHECK(f.stats().consumers[0].in_flight_count == 0);

  f.put_due(run);
  CHECK(f.stats().deferred_count == 0);
  CHECK(f.stats().depth == 1);
  const auto again = messages(f.pull(client)).at(0);
  CHECK(again.body == "body");
  CHECK(again.id == 77);
  CHECK(again.attempts == 1);
}

TEST_CASE("a deferred message pins no block but its own", "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 10);
  const Run run = make_run(3);
  f.put(run);
  const auto got = messages(f.pull(client));
  const Run deferred = f.take_to_defer(client, got[1].wire_id());
  CHECK(finish(*f.channel, client, got[0].wire_id()));
  CHECK(finish(*f.channel, client, got[2].wire_id()));
  CHECK(run.block->unique());
}

TEST_CASE("a message that is not answered comes back and frees its slot", "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 1);
  f.put(make_run(1));
  const auto first = messages(f.pull(client)).at(0);
  f.advance(Seconds(60) - Nanoseconds(1));
  CHECK(f.stats().timeout_count == 0);
  const int woken = client.waker->calls;
  f.advance(Nanoseconds(1));
  auto stats = f.stats();
  CHECK(stats.timeout_count == 1);
  CHECK(stats.requeue_count == 0);
  CHECK(stats.depth == 1);
  CHECK(stats.in_flight_count == 0);
  CHECK(stats.consumers[0].in_flight_count == 0);
  CHECK(client.waker->calls > woken);
  CHECK_FALSE(finish(*f.channel, client, first.wire_id()));
  const auto again = messages(f.pull(client)).at(0);
  CHECK(again.attempts == 1);
  CHECK(finish(*f.channel, client, again.wire_id()));
}

TEST_CASE("what a consumer leaves in flight times out and goes to another", "[queue][channel]") {
  ChannelFixture f;
  const auto leaver = f.client(1, 5);
  const auto stayer = f.client(2, 5);
  f.put(make_run(1));
  const auto message = messages(f.pull(leaver)).at(0);
  f.pull(stayer);
  Effects effects;
  CHECK_FALSE(f.channel->remove(leaver.consumer, effects));
  CHECK(f.stats().in_flight_count == 1);
  CHECK(f.stats().client_count == 1);
  f.advance(Seconds(60));
  CHECK(stayer.waker->calls == 1);
  CHECK(messages(f.pull(stayer)).at(0).id == message.id);
}

TEST_CASE("TOUCH restarts the timer up to the longest life of a delivery", "[queue][channel]") {
  ChannelFixture f({.max_msg_timeout = Seconds(100)});
  const auto client = f.client(1, 1);
  f.put(make_run(1));
  const auto message = messages(f.pull(client)).at(0);
  for (int i = 0; i < 2; ++i) {
    f.advance(Seconds(49));
    CHECK(f.channel->touch(*client.consumer, message.wire_id(), f.clock.now).has_value());
  }
  f.advance(Seconds(2) - Nanoseconds(1));
  CHECK(f.stats().in_flight_count == 1);
  CHECK(f.stats().timeout_count == 0);
  f.advance(Nanoseconds(1));
  CHECK(f.stats().timeout_count == 1);
  CHECK(f.stats().depth == 1);
}

TEST_CASE("attempts grow with each delivery and stop at 65535", "[queue][channel]") {
  ChannelFixture f;
  const auto client = f.client(1, 1);
  f.put(make_run(1));
  std::uint32_t expected = 0;
  for (std::uint32_t i = 0; i < 65'540; ++i) {
    const auto got = messages(f.pull(client)).at(0);
    if (got.attempts != expected) FAIL("attempts " << got.attempts << " instead of " << expected);
    expected = std::min<std::uint32_t>(expected + 1, 65'535);
    REQUIRE(f.requeue(client, got.wire_id()));
  }
  CHECK(expected == 65'535);
}

TEST_CASE("sampling discards what it does not deliver", "[queue][channel]") {
  ChannelFixture f;
  const auto rate = GENERATE(1, 42, 99);
  const auto client = f.client(1, 20'000, rate);
  f.put(make_run(10'000));
  const auto got = f.pull(client);
  const auto delivered = messages(got).size();
  const auto expected = static_cast<double>(rate + 1) * 100;
  CAPTURE(rate);
  CHECK(static_cast<double>(delivered) == Approx(expected).margin(300));
  const auto stats = f.stats();
  CHECK(stats.depth == 0);
  CHECK(stats.in_flight_count == delivered);
  CHECK(stats.consumers[0].message_count == delivered);
  CHECK(stats.consumers[0].finish_count == 0);
}

TEST_CASE("a channel takes no more consumers than allowed", "[queue][channel]") {
  ChannelFixture f({.max_channel_consumers = 1});
  const auto first = f.client(1, 1);
  auto second = make_client(2);
  CHECK(f.channel->add(second.consumer).error().code == Errc::too_many_consumers);
  CHECK(f.stats().client_count == 1);
  Effects effects;
  f.channel->remove(first.consumer, effects);
  CHECK(f.channel->add(second.consumer).has_value());
}

TEST_CASE("an ephemeral channel drops what does not fit", "[queue][channel]") {
  ChannelFixture f({.mem_queue_size = 10}, "c#ephemeral");
  SECTION("across runs") {
    for (Offset i = 0; i < 15; ++i) f.put(make_run(1, i));
  }
  SECTION("inside a run") {
    f.put(make_run(15));
  }
  CHECK(f.stats().depth == 10);
  CHECK(f.stats().backend_depth == 0);
  CHECK(f.stats().message_count == 15);
  const auto client = f.client(1, 100);
  const auto got = bodies(f.pull(client));
  CHECK(got.size() == 10);
  CHECK(got.front() == "m0");
  CHECK(got.back() == "m9");
}

TEST_CASE("an ephemeral channel without memory passes on what its consumers have room for",
          "[queue][channel]") {
  ChannelFixture f({.mem_queue_size = 0}, "c#ephemeral");
  f.put(make_run(1));
  CHECK(f.stats().depth == 0);
  const auto client = f.client(1, 3);
  f.put(make_run(5, 1));
  CHECK(bodies(f.pull(client)) == Bodies{"m1", "m2", "m3"});
  CHECK(f.stats().depth == 0);
}

TEST_CASE("a channel without a log keeps all in memory", "[queue][channel]") {
  ChannelFixture f({.mem_queue_size = 10});
  f.put(make_run(15));
  CHECK(f.stats().depth == 15);
  CHECK(f.stats().backend_depth == 0);
}

TEST_CASE("the last consumer of an ephemeral channel is told so", "[queue][channel]") {
  ChannelFixture f({}, "c#ephemeral");
  const auto a = f.client(1, 1);
  const auto b = f.client(2, 1);
  Effects effects;
  CHECK_FALSE(f.channel->remove(a.consumer, effects));
  CHECK_FALSE(f.channel->remove(a.consumer, effects));
  CHECK(f.channel->remove(b.consumer, effects));
}
