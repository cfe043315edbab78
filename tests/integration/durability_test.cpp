#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/integration/restart.hpp"
#include "tests/support/eventually.hpp"

// Messages over the end of nsqd, by SIGKILL and by a clean stop.
namespace nsq::test {
namespace {

using Strings = std::vector<std::string>;

std::map<std::string, Message> by_id(const std::vector<Message>& messages) {
  std::map<std::string, Message> out;
  for (const Message& message : messages) out[message.id] = message;
  return out;
}

TEST_CASE("5.12 queued messages, however they were published", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.create("t", "c");
  nsqd.create("t", "d");
  RawClient producer = nsqd.connect();
  REQUIRE(producer.ask(pub("t", "1")) == ok());
  REQUIRE(producer.ask(mpub("t", {"2", "3"})) == ok());
  REQUIRE(producer.ask(dpub("t", "0", "4")) == ok());
  REQUIRE(nsqd.post("/pub?topic=t", "5").status == 200);
  REQUIRE(nsqd.post("/mpub?topic=t", "6\n7").status == 200);
  REQUIRE(nsqd.post("/mpub?topic=t&binary=true", mpub_body({"8", "9"})).status == 200);

  restart(nsqd, ending);
  const Strings all{"1", "2", "3", "4", "5", "6", "7", "8", "9"};
  for (const char* channel : {"c", "d"}) {
    CAPTURE(channel);
    CHECK(nsqd.await_stat("t", channel, "depth", 9) == 9);
    const auto messages = consume(nsqd, "t", channel, 9);
    CHECK(sorted(bodies(messages)) == all);
    for (const Message& message : messages) CHECK(message.attempts == 1);
    CHECK(nsqd.await_stat("t", channel, "depth", 0) == 0);
    CHECK(nsqd.stat("t", channel, "in_flight_count") == 0);
  }
}

TEST_CASE("5.12 sync has on disk what it acknowledged", "[integration][durability]") {
  Nsqd nsqd({"--durability=sync"});
  nsqd.create("t", "c");
  RawClient producer = nsqd.connect();
  REQUIRE(producer.ask(pub("t", "1")) == ok());
  REQUIRE(producer.ask(mpub("t", {"2", "3"})) == ok());
  REQUIRE(nsqd.post("/pub?topic=t", "4").status == 200);
  restart(nsqd, Ending::kill, {"--durability=sync"});
  CHECK(sorted(bodies(consume(nsqd, "t", "c", 4))) == Strings{"1", "2", "3", "4"});
}

TEST_CASE("5.12 large and binary bodies", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.create("t", "c");
  std::string binary;
  for (int i = 0; i < 256; ++i) binary += static_cast<char>(i);
  const std::string large(1048576, 'x');
  RawClient producer = nsqd.connect();
  REQUIRE(producer.ask(pub("t", binary)) == ok());
  REQUIRE(producer.ask(pub("t", large)) == ok());
  restart(nsqd, ending);
  const Strings got = sorted(bodies(consume(nsqd, "t", "c", 2)));
  CHECK((got == sorted({binary, large})));
}

TEST_CASE("5.12 ids and timestamps stay", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.create("t", "c");
  nsqd.create("t", "d");
  REQUIRE(nsqd.connect().ask(mpub("t", {"1", "2", "3"})) == ok());
  const auto before = by_id(consume(nsqd, "t", "d", 3));
  restart(nsqd, ending);
  const auto after = by_id(consume(nsqd, "t", "c", 3));
  REQUIRE(after.size() == 3);
  for (const auto& [id, message] : after) {
    REQUIRE(before.contains(id));
    CHECK(message.body == before.at(id).body);
    CHECK(message.timestamp == before.at(id).timestamp);
  }

  // New ids go on after the old ones.
  nsqd.publish("t", "4");
  CHECK(consume(nsqd, "t", "c", 1).front().id > after.rbegin()->first);
}

TEST_CASE("5.12 in flight", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd({kSyncOften});
  nsqd.publish("t", "m");
  RawClient client = nsqd.consumer("t", "c");
  client.send(rdy(1));
  const Message first = client.read_message();
  REQUIRE(first.attempts == 1);
  outlast_sync_timeout(nsqd);

  // Nobody is working on it any more, so it comes at once, and not after its timeout of 60 s.
  restart(nsqd, ending);
  CHECK(nsqd.await_stat("t", "c", "depth", 1) == 1);
  CHECK(nsqd.stat("t", "c", "in_flight_count") == 0);
  const Message again = consume(nsqd, "t", "c", 1).front();
  CHECK(again.id == first.id);
  CHECK(again.timestamp == first.timestamp);
  if (ending == Ending::stop) CHECK(again.attempts == 2);
}

TEST_CASE("5.12 requeued", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.publish("t", "m");
  const Message first = look_at(nsqd, "t", "c", 1).front();
  REQUIRE(nsqd.await_stat("t", "c", "depth", 1) == 1);
  restart(nsqd, ending);
  const Message again = consume(nsqd, "t", "c", 1).front();
  CHECK(again.id == first.id);
  if (ending == Ending::stop) CHECK(again.attempts == 2);
}

TEST_CASE("5.12 attempts go on where a clean stop left them", "[integration][durability]") {
  Nsqd nsqd;
  nsqd.publish("t", "m");
  for (std::uint16_t attempts = 1; attempts <= 4; ++attempts) {
    CHECK(look_at(nsqd, "t", "c", 1).front().attempts == attempts);
  }
  restart(nsqd, Ending::stop);
  restart(nsqd, Ending::kill);  // at once: nothing new happened
  CHECK(look_at(nsqd, "t", "c", 1).front().attempts == 5);
  restart(nsqd, Ending::kill);
  CHECK(consume(nsqd, "t", "c", 1).front().attempts >= 5);
}

TEST_CASE("5.12 what was finished does not come back", "[integration][durability]") {
  // A crash may repeat what was finished in the last --sync-timeout, and nothing older.
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd({kSyncOften});
  nsqd.create("t", "c");
  REQUIRE(nsqd.connect().ask(mpub("t", Strings(100, "m"))) == ok());
  consume(nsqd, "t", "c", 60);
  if (ending == Ending::kill) outlast_sync_timeout(nsqd);
  restart(nsqd, ending);
  CHECK(nsqd.await_stat("t", "c", "depth", 40) == 40);
  consume(nsqd, "t", "c", 40);
  if (ending == Ending::kill) outlast_sync_timeout(nsqd);
  restart(nsqd, ending);
  CHECK(nsqd.stat("t", "c", "depth") == 0);
  CHECK(nsqd.stat("t", "c", "in_flight_count") == 0);
  CHECK(nsqd.stat("t", "c", "deferred_count") == 0);
}

TEST_CASE("5.12 one message stuck in flight among thousands finished",
          "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd({kSyncOften});
  nsqd.create("t", "c");
  nsqd.create("t", "other");
  nsqd.publish("t", "stuck");
  RawClient stuck = nsqd.consumer("t", "c");
  stuck.send(rdy(1));
  const std::string id = stuck.read_message().id;
  RawClient producer = nsqd.connect();
  for (int i = 0; i < 20; ++i) {
    REQUIRE(producer.ask(mpub("t", Strings(500, std::string(200, 'x')))) == ok());
    consume(nsqd, "t", "c", 500);
  }
  consume(nsqd, "t", "other", 2500);
  if (ending == Ending::kill) outlast_sync_timeout(nsqd);

  restart(nsqd, ending);
  CHECK(nsqd.await_stat("t", "c", "depth", 1) == 1);
  CHECK(nsqd.await_stat("t", "other", "depth", 10001 - 2500) == 10001 - 2500);
  const Message again = consume(nsqd, "t", "c", 1).front();
  CHECK(again.id == id);
  CHECK(again.body == "stuck");
  std::set<std::string> ids;
  for (int i = 0; i < 3; ++i)
    ids.merge([&] {
      std::set<std::string> part;
      for (const Message& message : consume(nsqd, "t", "other", 2500)) part.insert(message.id);
      return part;
    }());
  CHECK(ids.size() == 7500);
  CHECK(nsqd.await_stat("t", "other", "depth", 1) == 1);
}

TEST_CASE("5.12 everything on disk with mem-queue-size 0", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  const Strings args{"--mem-queue-size=0", kSyncOften};
  Nsqd nsqd(args);
  nsqd.create("t", "c");
  RawClient producer = nsqd.connect();
  Strings expected;
  for (int i = 0; i < 300; ++i) {
    expected.push_back(std::to_string(i));
    REQUIRE(producer.ask(pub("t", expected.back())) == ok());
  }
  CHECK(nsqd.await_stat("t", "c", "depth", 300) == 300);
  Strings got = bodies(consume(nsqd, "t", "c", 100));
  if (ending == Ending::kill) outlast_sync_timeout(nsqd);
  restart(nsqd, ending, args);
  CHECK(nsqd.await_stat("t", "c", "depth", 200) == 200);
  for (const std::string& body : bodies(consume(nsqd, "t", "c", 200))) got.push_back(body);
  CHECK(sorted(got) == sorted(expected));
  CHECK(nsqd.await_stat("t", "c", "depth", 0) == 0);
}

TEST_CASE("5.12 a channel that lags on disk gets what it missed in memory",
          "[integration][durability]") {
  Nsqd nsqd({"--mem-queue-size=10"});
  nsqd.create("t", "fast");
  nsqd.create("t", "slow");
  RawClient producer = nsqd.connect();
  for (int i = 0; i < 10; ++i) {
    REQUIRE(producer.ask(mpub("t", Strings(100, std::to_string(i)))) == ok());
    consume(nsqd, "t", "fast", 100);
  }
  CHECK(nsqd.stat("t", "slow", "depth") == 1000);
  consume(nsqd, "t", "slow", 500);
  restart(nsqd, Ending::stop, {"--mem-queue-size=10"});
  CHECK(nsqd.await_stat("t", "slow", "depth", 500) == 500);
  CHECK(nsqd.stat("t", "fast", "depth") == 0);
  consume(nsqd, "t", "slow", 500);
  CHECK(nsqd.await_stat("t", "slow", "depth", 0) == 0);
}

TEST_CASE("5.12 what is requeued past the bounds of memory comes once",
          "[integration][durability]") {
  const std::string bound = GENERATE("0", "1", "10");
  CAPTURE(bound);
  Nsqd nsqd({"--mem-queue-size=" + bound});
  nsqd.create("t", "c");
  RawClient producer = nsqd.connect();
  for (int i = 0; i < 10; ++i) REQUIRE(producer.ask(mpub("t", Strings(20, "m"))) == ok());
  std::set<std::string> ids;
  for (std::uint16_t round = 1; round <= 3; ++round) {
    CAPTURE(round);
    for (const Message& message : look_at(nsqd, "t", "c", 200)) {
      CHECK(message.attempts == round);
      ids.insert(message.id);
    }
    CHECK(ids.size() == 200);
    CHECK(nsqd.await_stat("t", "c", "depth", 200) == 200);
  }
  for (const Message& message : consume(nsqd, "t", "c", 200)) CHECK(message.attempts == 4);
  for (const char* count : {"depth", "in_flight_count", "deferred_count"}) {
    CAPTURE(count);
    CHECK(nsqd.await_stat("t", "c", count, 0) == 0);
  }
}

TEST_CASE("5.12 a topic without a channel keeps its messages for the first",
          "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.publish("t", "1");
  nsqd.publish("t", "2");
  restart(nsqd, ending);
  CHECK(nsqd.await_stat("t", "depth", 2) == 2);
  CHECK(sorted(bodies(consume(nsqd, "t", "first", 2))) == Strings{"1", "2"});

  // The next channel begins with what comes after it, also when nsqd had been down in between.
  restart(nsqd, ending);
  nsqd.create("t", "second");
  nsqd.publish("t", "3");
  restart(nsqd, ending);
  CHECK(bodies(consume(nsqd, "t", "second", 1)) == Strings{"3"});
  CHECK(nsqd.await_stat("t", "second", "depth", 0) == 0);
}

TEST_CASE("5.12 an ephemeral channel may be the first of a topic that was found on disk",
          "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.publish("t", "1");
  nsqd.publish("t", "2");
  restart(nsqd, ending);
  CHECK(sorted(bodies(consume(nsqd, "t", "c#ephemeral", 2))) == Strings{"1", "2"});
  CHECK(nsqd.process().running());
}

TEST_CASE("5.12 a kill right after the start loses nothing of what a clean stop had kept",
          "[integration][durability]") {
  Nsqd nsqd;
  nsqd.create("t", "c");
  RawClient client = nsqd.consumer("t", "c");
  REQUIRE(client.ask(mpub("t", {"in flight", "requeued", "put off"})) == ok());
  client.send(rdy(3));
  client.read_message();
  const std::string requeued = client.read_message().id;
  const std::string put_off = client.read_message().id;
  client.send(rdy(0) + req(requeued, "0") + req(put_off, "1500"));
  REQUIRE(client.ask(pub("t", "waiting")) == ok());
  REQUIRE(client.ask(dpub("t", "1500", "deferred")) == ok());
  restart(nsqd, Ending::stop);
  for (int i = 0; i < 3; ++i) restart(nsqd, Ending::kill);
  CHECK(sorted(bodies(consume(nsqd, "t", "c", 5))) ==
        Strings{"deferred", "in flight", "put off", "requeued", "waiting"});
  CHECK(nsqd.await_stat("t", "c", "depth", 0) == 0);
  CHECK(nsqd.stat("t", "c", "deferred_count") == 0);
}

TEST_CASE("5.12 life after life", "[integration][durability]") {
  Nsqd nsqd;
  nsqd.create("t", "c");
  Strings expected;
  for (int i = 0; i < 6; ++i) {
    expected.push_back(std::to_string(i));
    nsqd.publish("t", expected.back());
    restart(nsqd, i % 2 == 0 ? Ending::kill : Ending::stop);
    CHECK(nsqd.await_stat("t", "c", "depth", i + 1) == i + 1);
  }
  CHECK(sorted(bodies(consume(nsqd, "t", "c", 6))) == expected);
}

TEST_CASE("5.12 memory keeps everything over a clean stop", "[integration][durability]") {
  const Strings args{"--durability=memory"};
  Nsqd nsqd(args);
  nsqd.create("t", "c");
  REQUIRE(nsqd.connect().ask(mpub("t", {"1", "2", "3", "4"})) == ok());
  RawClient client = nsqd.consumer("t", "c");
  client.send(rdy(2));
  const Message in_flight = client.read_message();
  const Message deferred = client.read_message();
  client.send(rdy(0) + req(deferred.id, "1"));
  REQUIRE(client.marker() == ok());
  restart(nsqd, Ending::stop, args);

  const auto messages = by_id(consume(nsqd, "t", "c", 4));
  REQUIRE(messages.size() == 4);
  REQUIRE(messages.contains(in_flight.id));
  REQUIRE(messages.contains(deferred.id));
  CHECK(messages.at(in_flight.id).attempts == 2);
  CHECK(messages.at(in_flight.id).timestamp == in_flight.timestamp);
  CHECK(messages.at(deferred.id).attempts == 2);
}

TEST_CASE("5.12 memory keeps a deferred message over a clean stop, once",
          "[integration][durability]") {
  const Strings args{"--durability=memory"};
  Nsqd nsqd(args);
  nsqd.create("t", "c");
  nsqd.create("t", "d");
  REQUIRE(nsqd.connect().ask(dpub("t", "1000", "m")) == ok());
  restart(nsqd, Ending::stop, args);
  for (const char* channel : {"c", "d"}) {
    CAPTURE(channel);
    CHECK(nsqd.stat("t", channel, "deferred_count") + nsqd.stat("t", channel, "depth") == 1);
    CHECK(bodies(consume(nsqd, "t", channel, 1)) == Strings{"m"});
    CHECK(nsqd.await_stat("t", channel, "depth", 0) == 0);
    CHECK(nsqd.stat("t", channel, "deferred_count") == 0);
  }
}

TEST_CASE("5.12 memory may lose its messages in a crash, and works on",
          "[integration][durability]") {
  const Strings args{"--durability=memory"};
  Nsqd nsqd(args);
  nsqd.create("t", "c");
  REQUIRE(nsqd.connect().ask(mpub("t", {"1", "2", "3"})) == ok());
  restart(nsqd, Ending::kill, args);
  const std::int64_t left = nsqd.stat("t", "c", "depth");
  CHECK(left >= 0);  // -1: the channel is gone
  CHECK(left <= 3);
  nsqd.publish("t", "new");
  const auto got = bodies(consume(nsqd, "t", "c", static_cast<int>(left) + 1));
  CHECK(std::count(got.begin(), got.end(), "new") == 1);
}

}  // namespace
}  // namespace nsq::test
