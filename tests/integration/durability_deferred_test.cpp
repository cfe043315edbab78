#include <chrono>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/integration/restart.hpp"

// Deferred messages over the end of nsqd: due times are times of day, not delays that begin anew.
namespace nsq::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Reads the next message, and tells how long after `start` it came.
milliseconds time_of_next(Nsqd& nsqd, const std::string& topic, Message& message,
                          Clock::time_point start) {
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(1));
  message = client.read_message();
  const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
  client.send(fin(message.id));
  REQUIRE(client.marker() == ok());
  return took;
}

TEST_CASE("5.12 a DPUB comes when it is due, not later for a restart",
          "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  const bool channel = GENERATE(true, false);
  CAPTURE(ending, channel);
  Nsqd nsqd;
  nsqd.create("t");
  if (channel) nsqd.create("t", "c");
  const auto start = Clock::now();
  REQUIRE(nsqd.connect().ask(dpub("t", "3000", "m")) == ok());
  end(nsqd, ending);
  std::this_thread::sleep_until(start + milliseconds(1500));  // it is down for half of the time
  const auto begun_anew = Clock::now() + milliseconds(3000);
  nsqd.start_again();
  if (channel) {
    const auto deferred = nsqd.stat("t", "c", "deferred_count");
    const auto depth = nsqd.stat("t", "c", "depth");
    CHECK(deferred + depth >= 1);
    // On a slow machine it is due by now.
    if (Clock::now() < start + milliseconds(2900)) CHECK(deferred == 1);
  }
  Message message;
  const milliseconds took = time_of_next(nsqd, "t", message, start);
  CHECK(message.body == "m");
  CHECK(message.attempts == 1);
  CHECK(took >= milliseconds(2995));
  CHECK(start + took < begun_anew);
  CHECK(nsqd.await_stat("t", "c", "deferred_count", 0) == 0);
}

TEST_CASE("5.12 deferred over HTTP", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.create("t", "c");
  const auto start = Clock::now();
  REQUIRE(nsqd.post("/pub?topic=t&defer=1500", "m").status == 200);
  restart(nsqd, ending);
  Message message;
  const milliseconds took = time_of_next(nsqd, "t", message, start);
  CHECK(message.body == "m");
  CHECK(took >= milliseconds(1495));
}

TEST_CASE("5.12 a REQ comes when it is due, not later for a restart", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd({kSyncOften});
  nsqd.publish("t", "m");
  RawClient client = nsqd.consumer("t", "c");
  client.send(rdy(1));
  const Message first = client.read_message();
  const auto start = Clock::now();
  client.send(rdy(0) + req(first.id, "3000"));
  REQUIRE(client.marker() == ok());
  if (ending == Ending::kill) outlast_sync_timeout(nsqd);
  end(nsqd, ending);
  std::this_thread::sleep_until(start + milliseconds(1500));
  nsqd.start_again();
  CHECK(nsqd.stat("t", "c", "deferred_count") == 1);
  Message again;
  const milliseconds took = time_of_next(nsqd, "t", again, start);
  CHECK(again.id == first.id);
  CHECK(again.timestamp == first.timestamp);
  if (ending == Ending::stop) CHECK(again.attempts == 2);
  CHECK(took >= milliseconds(2995));
  CHECK(took < milliseconds(4400));  // 4.5 s if the delay began anew
}

TEST_CASE("5.12 what fell due while nsqd was down comes at once", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.create("t", "c");
  const auto start = Clock::now();
  REQUIRE(nsqd.connect().ask(dpub("t", "300", "m")) == ok());
  REQUIRE(nsqd.connect().ask(dpub("t", "3600000", "in an hour")) == ok());
  end(nsqd, ending);
  std::this_thread::sleep_until(start + milliseconds(400));
  nsqd.start_again();
  CHECK(nsqd.await_stat("t", "c", "depth", 1) == 1);
  CHECK(nsqd.stat("t", "c", "deferred_count") == 1);
  CHECK(bodies(consume(nsqd, "t", "c", 1)) == std::vector<std::string>{"m"});
}

TEST_CASE("5.12 deferred messages keep the order of their due times", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.create("t", "c");
  RawClient producer = nsqd.connect();
  REQUIRE(producer.ask(dpub("t", "1800", "third")) == ok());
  REQUIRE(producer.ask(dpub("t", "1200", "first")) == ok());
  REQUIRE(producer.ask(dpub("t", "1500", "second")) == ok());
  restart(nsqd, ending);
  CHECK(bodies(consume(nsqd, "t", "c", 3)) == std::vector<std::string>{"first", "second", "third"});
}

TEST_CASE("5.12 a delivered DPUB is not deferred again", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd({kSyncOften});
  nsqd.create("t", "c");
  REQUIRE(nsqd.connect().ask(dpub("t", "100", "m")) == ok());
  consume(nsqd, "t", "c", 1);
  if (ending == Ending::kill) outlast_sync_timeout(nsqd);
  restart(nsqd, ending);
  for (const char* count : {"depth", "in_flight_count", "deferred_count"}) {
    CAPTURE(count);
    CHECK(nsqd.stat("t", "c", count) == 0);
  }
}

TEST_CASE("5.12 a channel created after a DPUB does not get it", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.create("t", "c");
  REQUIRE(nsqd.connect().ask(dpub("t", "500", "m")) == ok());
  nsqd.create("t", "later");
  restart(nsqd, ending);
  CHECK(bodies(consume(nsqd, "t", "c", 1)) == std::vector<std::string>{"m"});
  for (const char* count : {"depth", "in_flight_count", "deferred_count"}) {
    CAPTURE(count);
    CHECK(nsqd.stat("t", "later", count) == 0);
  }
}

}  // namespace
}  // namespace nsq::test
