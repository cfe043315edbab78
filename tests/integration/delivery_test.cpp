#include <chrono>
#include <set>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/daemons.hpp"
#include "tests/support/eventually.hpp"

namespace nsq::test {
namespace {

std::int64_t nanoseconds_since_1970() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string not_in_flight(std::string_view command, std::string_view id) {
  const std::string name(command);
  return "E_" + name + "_FAILED " + name + " " + std::string(id) + " failed ID not in flight";
}

TEST_CASE("10.5/66 what was published before any channel reaches the first one", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient producer = nsqd.connect();
  const std::int64_t before = nanoseconds_since_1970();
  REQUIRE(producer.ask(pub(topic, "body")) == ok());
  const std::int64_t after = nanoseconds_since_1970();

  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(1));
  const Message message = client.read_message();
  CHECK(message.body == "body");
  CHECK(message.attempts == 1);
  CHECK(message.timestamp >= before);
  CHECK(message.timestamp <= after);
  CHECK(message.id.find_first_not_of("0123456789abcdef") == std::string::npos);
}

TEST_CASE("10.5/67 each channel gets its copy, with the same id", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient one = nsqd.consumer(topic, "one");
  RawClient two = nsqd.consumer(topic, "two");
  one.send(rdy(1));
  two.send(rdy(1));
  nsqd.publish(topic, "m");
  const Message first = one.read_message();
  const Message second = two.read_message();
  CHECK(first.id == second.id);
  CHECK(first.timestamp == second.timestamp);
  CHECK(first.attempts == 1);
  CHECK(second.attempts == 1);
}

TEST_CASE("10.5/68 a later channel gets only what comes after it", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  nsqd.create(topic, "early");
  nsqd.publish(topic, "old");
  REQUIRE(nsqd.await_stat(topic, "early", "depth", 1) == 1);
  RawClient late = nsqd.consumer(topic, "late");
  late.send(rdy(1));
  CHECK(late.marker() == ok());
  nsqd.publish(topic, "new");
  CHECK(late.read_message().body == "new");
  CHECK(nsqd.stat(topic, "late", "message_count") == 1);
}

TEST_CASE("10.5/69 with RDY 1 the second message follows the answer to the first",
          "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string answer = GENERATE("FIN", "REQ", "timeout");
  CAPTURE(answer);
  const std::string topic = fresh("t");
  RawClient client = nsqd.connect();
  REQUIRE(client.ask(identify(R"({"msg_timeout":1000})")) == ok());
  REQUIRE(client.subscribe(topic, "c") == ok());
  nsqd.publish(topic, "1");
  nsqd.publish(topic, "2");
  client.send(rdy(1));
  const Message first = client.read_message();
  CHECK(first.body == "1");
  CHECK(client.marker() == ok());
  CHECK(nsqd.await_stat(topic, "c", "depth", 1) == 1);
  if (answer == "FIN") client.send(fin(first.id));
  if (answer == "REQ") client.send(req(first.id, "0"));
  CHECK(client.read_message().body == "2");
}

TEST_CASE("10.5/70 RDY is a ceiling that need not be renewed", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(5));
  REQUIRE(client.ask(mpub(topic, std::vector<std::string>(10, "m"))) == ok());
  std::set<std::string> ids;
  for (int i = 0; i < 10; ++i) {
    const Message message = client.read_message();
    ids.insert(message.id);
    client.send(fin(message.id));
  }
  CHECK(ids.size() == 10);
  CHECK(client.marker() == ok());
  CHECK(nsqd.await_stat(topic, "c", "in_flight_count", 0) == 0);
  CHECK(nsqd.stat(topic, "c", "depth") == 0);
}

TEST_CASE("5.5 no more than RDY messages are in flight", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  REQUIRE(client.ask(mpub(topic, std::vector<std::string>(10, "m"))) == ok());
  client.send(rdy(4));
  std::vector<Message> got;
  for (int i = 0; i < 4; ++i) got.push_back(client.read_message());
  CHECK(client.marker() == ok());
  CHECK(nsqd.await_stat(topic, "c", "depth", 6) == 6);
  CHECK(nsqd.stat(topic, "c", "in_flight_count") == 4);

  client.send(rdy(2) + fin(got[0].id) + fin(got[1].id));  // two still out: no room yet
  CHECK(client.marker() == ok());
  CHECK(nsqd.await_stat(topic, "c", "in_flight_count", 2) == 2);
  CHECK(nsqd.stat(topic, "c", "depth") == 6);
  client.send(fin(got[2].id));
  CHECK(client.read_message().attempts == 1);
}

TEST_CASE("10.5/71 a requeued message goes to the tail", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  REQUIRE(client.ask(mpub(topic, {"1", "2", "3"})) == ok());
  REQUIRE(nsqd.await_stat(topic, "c", "depth", 3) == 3);
  client.send(rdy(1));
  Message message = client.read_message();
  CHECK(message.body == "1");
  client.send(req(message.id, "0"));
  for (const std::string expected : {"2", "3", "1"}) {
    message = client.read_message();
    CHECK(message.body == expected);
    CHECK(message.attempts == (expected == "1" ? 2 : 1));
    client.send(fin(message.id));
  }
  CHECK(client.marker() == ok());
  CHECK(nsqd.stat(topic, "c", "requeue_count") == 1);
  CHECK(nsqd.stat(topic, "c", "message_count") == 3);
}

TEST_CASE("10.5/79 sampling delivers its share and discards the rest", "[integration]") {
  const Nsqd nsqd({"--max-rdy-count=10000"});
  RawClient client = nsqd.connect();
  REQUIRE(client.ask(identify(R"({"sample_rate":42})")) == ok());
  REQUIRE(client.subscribe("t", "c") == ok());
  REQUIRE(client.ask(mpub("t", std::vector<std::string>(10000, "m"))) == ok());
  client.send(rdy(10000));
  REQUIRE(nsqd.await_stat("t", "c", "depth", 0) == 0);
  REQUIRE(nsqd.await_stat("t", "depth", 0) == 0);
  // Nearly all of them have left the channel once both depths are 0: 43 % of 10000, give or take
  // ten standard deviations.
  CHECK(eventually([&] { return nsqd.stat("t", "c", "in_flight_count") > 3800; }));
  CHECK(nsqd.stat("t", "c", "in_flight_count") < 4800);
  CHECK(nsqd.stat("t", "c", "message_count") == 10000);
  CHECK(nsqd.stat("t", "c", "requeue_count") == 0);
}

TEST_CASE("10.5/80 CLS stops delivery and lets the client finish", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(5));
  nsqd.publish(topic, "1");
  const Message message = client.read_message();
  CHECK(client.ask("CLS\n") == response("CLOSE_WAIT"));
  nsqd.publish(topic, "2");
  client.send("RDY nonsense\n" + rdy(5));
  CHECK(client.marker() == ok());
  CHECK(nsqd.await_stat(topic, "c", "depth", 1) == 1);
  client.send(touch(message.id) + fin(message.id));
  CHECK(client.marker() == ok());
  CHECK(nsqd.await_stat(topic, "c", "in_flight_count", 0) == 0);
  CHECK(nsqd.stat(topic, "c", "client_count") == 1);
  CHECK(client.ask("CLS\n") == error("E_INVALID cannot CLS in current state"));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.5/81 max-channel-consumers", "[integration]") {
  const std::string topic = fresh("t");
  RawClient first = tight_nsqd().consumer(topic, "c");
  RawClient second = tight_nsqd().connect();
  CHECK(second.subscribe(topic, "c") ==
        error("E_SUB_FAILED SUB failed consumers for " + topic + ":c exceeds limit of 1"));
  CHECK(second.read_to_end() == "");
  CHECK(tight_nsqd().connect().subscribe(topic, "other") == ok());
  first.close();
  CHECK(tight_nsqd().await_stat(topic, "c", "client_count", 0) == 0);
  CHECK(tight_nsqd().connect().subscribe(topic, "c") == ok());
}

// Subscribes with the IDENTIFY `settings`, and publishes one message, which must come at once:
// nothing else will be said on the connection. Upstream holds it back until the next tick, or,
// without ticks, until another frame flushes it. Ours writes when there is nothing to add.
void check_comes_alone(const std::string& settings, int ready) {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.connect();
  REQUIRE(client.ask(identify("{" + settings + "}")) == ok());
  REQUIRE(client.subscribe(topic, "c") == ok());
  client.send(rdy(ready));
  nsqd.publish(topic, "m");
  CHECK(client.read_message().body == "m");
}

TEST_CASE("10.5/82 a lone message does not wait for output_buffer_timeout", "[integration]") {
  // Longer than the deadline of a read, so a message that waits for the tick fails the case.
  check_comes_alone(R"("output_buffer_timeout":30000)", 10);
  check_comes_alone(R"("output_buffer_timeout":30000)", 1);
  check_comes_alone(R"("output_buffer_size":-1)", 10);
}

TEST_CASE("10.5/83 a lone message comes without timed flushes too", "[integration]") {
  check_comes_alone(R"("output_buffer_timeout":-1)", 10);
}

TEST_CASE("10.5/84 the ids of a topic increase strictly", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  for (int i = 0; i < 50; ++i) {
    REQUIRE(client.ask(mpub(topic, std::vector<std::string>(10, "m"))) == ok());
  }
  REQUIRE(nsqd.await_stat(topic, "c", "depth", 500) == 500);
  client.send(rdy(1));
  std::string last;
  for (int i = 0; i < 500; ++i) {
    const Message message = client.read_message();
    REQUIRE(message.id > last);
    last = message.id;
    client.send(fin(message.id));
  }
}

TEST_CASE("10.5/84 ids of two topics may be equal and do not mix", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string a = fresh("a");
  const std::string b = fresh("b");
  RawClient on_a = nsqd.consumer(a, "c");
  RawClient on_b = nsqd.consumer(b, "c");
  RawClient producer = nsqd.connect();
  std::string both;
  for (int i = 0; i < 100; ++i) both += pub(a, "for a") + pub(b, "for b");
  producer.send(both);
  for (int i = 0; i < 200; ++i) REQUIRE(producer.read() == ok());
  on_a.send(rdy(100));
  on_b.send(rdy(100));
  for (int i = 0; i < 100; ++i) {
    const Message from_a = on_a.read_message();
    const Message from_b = on_b.read_message();
    REQUIRE(from_a.body == "for a");
    REQUIRE(from_b.body == "for b");
    on_a.send(fin(from_a.id));
    on_b.send(fin(from_b.id));
  }
  CHECK(on_a.marker() == ok());
  CHECK(on_b.marker() == ok());
  CHECK(nsqd.await_stat(a, "c", "in_flight_count", 0) == 0);
  CHECK(nsqd.await_stat(b, "c", "in_flight_count", 0) == 0);
}

TEST_CASE("5.5 a message goes to exactly one of several consumers", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient one = nsqd.consumer(topic, "c");
  RawClient two = nsqd.consumer(topic, "c");
  one.send(rdy(10));
  two.send(rdy(10));
  REQUIRE(one.marker() == ok());
  REQUIRE(two.marker() == ok());
  RawClient producer = nsqd.connect();
  REQUIRE(producer.ask(mpub(topic, std::vector<std::string>(20, "m"))) == ok());
  std::set<std::string> ids;
  for (int i = 0; i < 10; ++i) {  // both ceilings together are the number of messages
    ids.insert(one.read_message().id);
    ids.insert(two.read_message().id);
  }
  CHECK(ids.size() == 20);
}

TEST_CASE("1.7 a FIN that was answered once is not valid again", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(1));
  nsqd.publish(topic, "m");
  const std::string id = client.read_message().id;
  client.send(fin(id));
  CHECK(client.ask(fin(id)) == error(not_in_flight("FIN", id)));
  CHECK(client.ask(req(id, "0")) == error(not_in_flight("REQ", id)));
  CHECK(client.ask(touch(id)) == error(not_in_flight("TOUCH", id)));
  CHECK(client.marker() == ok());
}

TEST_CASE("5.6 attempts stop at 65535", "[.slow][integration]") {
  // Upstream wraps to 0.
  const Nsqd nsqd;
  RawClient client = nsqd.consumer("t", "c");
  client.send(rdy(1));
  nsqd.publish("t", "m");
  for (int expected = 1; expected <= 65537; ++expected) {
    const Message message = client.read_message();
    REQUIRE(message.attempts == std::min(expected, 65535));
    client.send(req(message.id, "0"));
  }
}

}  // namespace
}  // namespace nsq::test
