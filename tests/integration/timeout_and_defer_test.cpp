#include <chrono>
#include <string>

#include <catch2/catch.hpp>

#include "tests/integration/daemons.hpp"
#include "tests/support/eventually.hpp"

namespace nsq::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

RawClient with_short_timeout(Nsqd& nsqd, const std::string& topic) {
  RawClient client = nsqd.connect();
  REQUIRE(client.ask(identify(R"({"msg_timeout":1000})")) == ok());
  REQUIRE(client.subscribe(topic, "c") == ok());
  return client;
}

TEST_CASE("10.5/72 REQ beyond max-req-timeout is clamped to it", "[integration]") {
  Nsqd& nsqd = tight_nsqd();  // max-req-timeout 1 s
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(1));
  nsqd.publish(topic, "m");
  const Message message = client.read_message();
  const auto start = Clock::now();
  client.send(req(message.id, "3600000"));
  CHECK(client.marker() == ok());
  CHECK(nsqd.await_stat(topic, "c", "deferred_count", 1) == 1);
  CHECK(client.read_message().attempts == 2);
  CHECK(Clock::now() - start >= seconds(1));
  CHECK(nsqd.stat(topic, "c", "requeue_count") == 1);
}

TEST_CASE("10.5/73 an unanswered message is delivered again after its timeout", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient first = with_short_timeout(nsqd, topic);
  RawClient second = nsqd.consumer(topic, "c");
  nsqd.publish(topic, "m");
  const auto start = Clock::now();
  first.send(rdy(1));
  const std::string id = first.read_message().id;
  first.send(rdy(0));
  second.send(rdy(1));
  const Message again = second.read_message();
  CHECK(Clock::now() - start >= seconds(1));
  CHECK(again.id == id);
  CHECK(again.attempts == 2);
  CHECK(nsqd.stat(topic, "c", "timeout_count") == 1);
  CHECK(nsqd.stat(topic, "c", "requeue_count") == 0);

  CHECK(first.ask(fin(id)) ==
        error("E_FIN_FAILED FIN " + id + " failed client does not own message"));
  CHECK(first.ask(req(id, "0")) ==
        error("E_REQ_FAILED REQ " + id + " failed client does not own message"));
  CHECK(first.ask(touch(id)) ==
        error("E_TOUCH_FAILED TOUCH " + id + " failed client does not own message"));
  second.send(fin(id));
  CHECK(second.marker() == ok());
  CHECK(first.ask(fin(id)) == error("E_FIN_FAILED FIN " + id + " failed ID not in flight"));
  CHECK(nsqd.stat(topic, "c", "in_flight_count") == 0);
}

TEST_CASE("10.5/74 TOUCH holds a message until max-msg-timeout", "[integration]") {
  Nsqd& nsqd = tight_nsqd();  // msg-timeout 1 s, max-msg-timeout 2 s
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  nsqd.publish(topic, "m");
  const auto start = Clock::now();
  client.send(rdy(1));
  const Message first = client.read_message();
  // Touched every 100 ms until something comes: the message again, or, if it timed out just before
  // a TOUCH, the error for that.
  Frame next;
  do {
    while (!client.readable(milliseconds(100))) client.send(touch(first.id));
    next = client.read();
  } while (next.type == 1);
  CHECK(Clock::now() - start >= seconds(2));
  CHECK(next.type == 2);
  CHECK(nsqd.stat(topic, "c", "timeout_count") == 1);
}

TEST_CASE("10.5/75 what a consumer left in flight comes back after its timeout", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient leaver = with_short_timeout(nsqd, topic);
  nsqd.publish(topic, "m");
  const auto start = Clock::now();
  leaver.send(rdy(1));
  const std::string id = leaver.read_message().id;
  leaver.close();
  REQUIRE(nsqd.await_stat(topic, "c", "client_count", 0) == 0);
  RawClient next = nsqd.consumer(topic, "c");
  next.send(rdy(1));
  const Message again = next.read_message();
  CHECK(Clock::now() - start >= seconds(1));
  CHECK(again.id == id);
  CHECK(again.attempts == 2);
  CHECK(nsqd.stat(topic, "c", "timeout_count") == 1);
}

TEST_CASE("10.5/76 DPUB holds a message back", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(1));
  const auto start = Clock::now();
  REQUIRE(client.ask(dpub(topic, "1000", "m")) == ok());
  CHECK(nsqd.await_stat(topic, "c", "deferred_count", 1) == 1);
  CHECK(nsqd.stat(topic, "c", "depth") == 0);
  CHECK(nsqd.stat(topic, "c", "message_count") == 1);
  const Message message = client.read_message();
  CHECK(Clock::now() - start >= seconds(1));
  CHECK(message.attempts == 1);
  CHECK(nsqd.stat(topic, "c", "deferred_count") == 0);
}

TEST_CASE("10.5/76 DPUBs come in the order of their due times", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(5));
  client.send(dpub(topic, "900", "third") + dpub(topic, "300", "first") +
              dpub(topic, "600", "second"));
  for (int i = 0; i < 3; ++i) REQUIRE(client.read() == ok());
  CHECK(client.read_message().body == "first");
  CHECK(client.read_message().body == "second");
  CHECK(client.read_message().body == "third");
}

TEST_CASE("10.5/77 a deferral counts from the publish, also without a channel", "[integration]") {
  // Upstream starts the delay when the topic hands the message to a channel.
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  const std::string timer = fresh("timer");
  RawClient watch = nsqd.consumer(timer, "c");
  watch.send(rdy(1));
  const auto start = Clock::now();
  REQUIRE(watch.ask(dpub(topic, "1900", "m")) == ok());
  REQUIRE(watch.ask(dpub(timer, "2000", "due")) == ok());
  CHECK(watch.read_message().body == "due");  // so the other one is due as well

  const auto subscribed = Clock::now();
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(1));
  CHECK(client.read_message().body == "m");
  CHECK(Clock::now() - start >= milliseconds(1900));
  CHECK(Clock::now() - subscribed < milliseconds(1900));
}

TEST_CASE("10.5/77 a channel may come while a message is deferred", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  const auto start = Clock::now();
  REQUIRE(nsqd.connect().ask(dpub(topic, "1000", "m")) == ok());
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(1));
  CHECK(client.read_message().body == "m");
  CHECK(Clock::now() - start >= seconds(1));
}

TEST_CASE("10.5/78 a full memory queue does not cost a message its delay", "[integration]") {
  // Upstream delivers two of the twelve at once.
  Nsqd& nsqd = tight_nsqd();  // mem-queue-size 10
  const std::string topic = fresh("t");
  RawClient producer = nsqd.connect();
  const auto start = Clock::now();
  for (int i = 0; i < 12; ++i) REQUIRE(producer.ask(dpub(topic, "1000", "m")) == ok());
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(12));
  for (int i = 0; i < 12; ++i) {
    const Message message = client.read_message();
    client.send(fin(message.id));
    CHECK(message.attempts == 1);
    CHECK(Clock::now() - start >= seconds(1));
  }
}

TEST_CASE("5.7 REQ with a delay keeps attempts and counts as requeued", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(1));
  nsqd.publish(topic, "m");
  const Message first = client.read_message();
  const auto start = Clock::now();
  client.send(req(first.id, "500"));
  const Message again = client.read_message();
  CHECK(Clock::now() - start >= milliseconds(500));
  CHECK(again.id == first.id);
  CHECK(again.timestamp == first.timestamp);
  CHECK(again.attempts == 2);
}

TEST_CASE("5.6 a timed-out message goes behind those that wait", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = with_short_timeout(nsqd, topic);
  REQUIRE(client.ask(mpub(topic, {"1", "2"})) == ok());
  REQUIRE(nsqd.await_stat(topic, "c", "depth", 2) == 2);
  client.send(rdy(1));
  CHECK(client.read_message().body == "1");
  const Message second = client.read_message();
  CHECK(second.body == "2");
  client.send(fin(second.id));
  const Message again = client.read_message();
  CHECK(again.body == "1");
  CHECK(again.attempts == 2);
}

}  // namespace
}  // namespace nsq::test
