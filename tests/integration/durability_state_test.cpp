#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/restart.hpp"
#include "tests/support/eventually.hpp"

// Topics, channels and their settings over the end of nsqd, and the data path itself.
namespace nsq::test {
namespace {

using Strings = std::vector<std::string>;

Strings names(const nlohmann::json& list, const char* field) {
  Strings out;
  for (const auto& item : list) out.push_back(item.at(field).get<std::string>());
  return out;
}

std::string durability_in_stats(const Nsqd& nsqd, const std::string& topic) {
  for (const auto& item : nsqd.stats().at("topics")) {
    if (item.at("topic_name") == topic) return item.at("durability").get<std::string>();
  }
  return "no such topic";
}

std::string configured_durability(const Nsqd& nsqd, const std::string& topic) {
  const HttpResponse answer = nsqd.get("/topic/config?topic=" + topic);
  REQUIRE(answer.status == 200);
  return answer.json().at("durability").get<std::string>();
}

void check_nothing_left(const Nsqd& nsqd, const std::string& topic, const std::string& channel) {
  CHECK(nsqd.stat(topic, "depth") == 0);
  for (const char* count : {"depth", "in_flight_count", "deferred_count"}) {
    CAPTURE(topic, channel, count);
    CHECK(nsqd.stat(topic, channel, count) == 0);
  }
}

// In `topic` and its channel "c": one message waiting, one in flight, one put back, one deferred.
void fill(Nsqd& nsqd, const std::string& topic) {
  nsqd.create(topic, "c");
  RawClient client = nsqd.consumer(topic, "c");
  REQUIRE(client.ask(mpub(topic, {"old in flight", "old requeued"})) == ok());
  client.send(rdy(2));
  client.read_message();
  client.send(req(client.read_message().id, "3600000") + rdy(0));
  REQUIRE(client.ask(pub(topic, "old waiting")) == ok());
  REQUIRE(client.ask(dpub(topic, "700", "old deferred")) == ok());
}

// A channel that only new messages may reach: the deferred ones are due, if they are still there.
void check_only_new(Nsqd& nsqd, const std::string& topic, const std::string& channel) {
  CAPTURE(topic, channel);
  RawClient client = nsqd.consumer(topic, channel);
  client.send(rdy(10));
  REQUIRE(client.ask(dpub(topic, "800", "new")) == ok());
  CHECK(client.read_message().body == "new");
}

TEST_CASE("5.12 topics and channels are there again", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.create("zebra", "b");
  nsqd.create("zebra", "a");
  nsqd.create("ant");
  nsqd.publish("by_publish", "m");
  nsqd.consumer("by_consumer", "c");
  restart(nsqd, ending);
  const auto topics = nsqd.stats().at("topics");
  REQUIRE(names(topics, "topic_name") == Strings{"ant", "by_consumer", "by_publish", "zebra"});
  CHECK(names(topics.at(0).at("channels"), "channel_name").empty());
  CHECK(names(topics.at(1).at("channels"), "channel_name") == Strings{"c"});
  CHECK(names(topics.at(2).at("channels"), "channel_name").empty());
  CHECK(names(topics.at(3).at("channels"), "channel_name") == Strings{"a", "b"});
  for (const auto& topic : topics) CHECK(topic.at("paused") == false);
}

TEST_CASE("5.12 deleted topics and channels stay away", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.create("gone", "c");
  nsqd.create("stays", "gone");
  nsqd.create("stays", "stays");
  nsqd.publish("gone", "m");
  nsqd.publish("stays", "m");
  REQUIRE(nsqd.post("/topic/delete?topic=gone").status == 200);
  REQUIRE(nsqd.post("/channel/delete?topic=stays&channel=gone").status == 200);
  restart(nsqd, ending);
  const auto topics = nsqd.stats().at("topics");
  REQUIRE(names(topics, "topic_name") == Strings{"stays"});
  CHECK(names(topics.at(0).at("channels"), "channel_name") == Strings{"stays"});
  CHECK(nsqd.stat("stays", "stays", "depth") == 1);
}

TEST_CASE("5.12 pause states", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.create("t", "paused");
  nsqd.create("t", "running");
  nsqd.create("paused", "c");
  REQUIRE(nsqd.post("/channel/pause?topic=t&channel=paused").status == 200);
  REQUIRE(nsqd.post("/channel/pause?topic=t&channel=running").status == 200);
  REQUIRE(nsqd.post("/channel/unpause?topic=t&channel=running").status == 200);
  REQUIRE(nsqd.post("/topic/pause?topic=paused").status == 200);
  nsqd.publish("t", "m");
  nsqd.publish("paused", "m");
  restart(nsqd, ending);
  CHECK(nsqd.stat("t", "paused") == 0);
  CHECK(nsqd.stat("t", "paused", "paused") == 1);
  CHECK(nsqd.stat("t", "running", "paused") == 0);
  CHECK(nsqd.stat("paused", "paused") == 1);
  CHECK(nsqd.stat("paused", "c", "paused") == 0);

  // What waits in a paused topic has reached no channel, so a new one gets it as well.
  CHECK(nsqd.stat("paused", "depth") == 1);
  CHECK(nsqd.stat("paused", "c", "depth") == 0);
  nsqd.create("paused", "new");
  REQUIRE(nsqd.post("/topic/unpause?topic=paused").status == 200);
  CHECK(bodies(consume(nsqd, "paused", "c", 1)) == Strings{"m"});
  CHECK(bodies(consume(nsqd, "paused", "new", 1)) == Strings{"m"});
  CHECK(bodies(consume(nsqd, "t", "running", 1)) == Strings{"m"});
  REQUIRE(nsqd.post("/channel/unpause?topic=t&channel=paused").status == 200);
  CHECK(bodies(consume(nsqd, "t", "paused", 1)) == Strings{"m"});

  restart(nsqd, ending);
  CHECK(nsqd.stat("t", "paused", "paused") == 0);
  CHECK(nsqd.stat("paused", "paused") == 0);
}

TEST_CASE("5.12 nothing ephemeral is left", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.create("t#ephemeral", "c");
  nsqd.create("t", "c#ephemeral");
  nsqd.create("t", "c");
  nsqd.publish("t#ephemeral", "m");
  nsqd.publish("t", "m");
  restart(nsqd, ending);
  const auto topics = nsqd.stats().at("topics");
  REQUIRE(names(topics, "topic_name") == Strings{"t"});
  CHECK(names(topics.at(0).at("channels"), "channel_name") == Strings{"c"});
  CHECK(bodies(consume(nsqd, "t", "c", 1)) == Strings{"m"});
  CHECK(nsqd.await_stat("t", "c", "depth", 0) == 0);
}

TEST_CASE("5.12 an emptied channel stays empty", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.create("t", "other");
  fill(nsqd, "t");
  REQUIRE(nsqd.post("/channel/empty?topic=t&channel=c").status == 200);
  restart(nsqd, ending);
  check_nothing_left(nsqd, "t", "c");
  check_only_new(nsqd, "t", "c");
  CHECK(consume(nsqd, "t", "other", 4).size() == 4);  // which was not emptied
}

TEST_CASE("5.12 an emptied topic stays empty", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.publish("t", "old");
  REQUIRE(nsqd.await_stat("t", "depth", 1) == 1);
  REQUIRE(nsqd.post("/topic/empty?topic=t").status == 200);
  restart(nsqd, ending);
  CHECK(nsqd.stat("t", "depth") == 0);
  check_only_new(nsqd, "t", "first");
}

TEST_CASE("5.12 a channel deleted and made again is new", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.create("t", "other");
  fill(nsqd, "t");
  REQUIRE(nsqd.post("/channel/delete?topic=t&channel=c").status == 200);
  nsqd.create("t", "c");
  restart(nsqd, ending);
  check_nothing_left(nsqd, "t", "c");
  check_only_new(nsqd, "t", "c");
}

TEST_CASE("5.12 a topic deleted and made again is new", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  fill(nsqd, "t");
  REQUIRE(nsqd.post("/channel/pause?topic=t&channel=c").status == 200);
  REQUIRE(nsqd.post("/topic/delete?topic=t").status == 200);
  nsqd.create("t", "c");
  restart(nsqd, ending);
  check_nothing_left(nsqd, "t", "c");
  CHECK(nsqd.stat("t", "c", "paused") == 0);
  check_only_new(nsqd, "t", "c");
}

TEST_CASE("5.12 a topic's durability is shown, changed and kept", "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  for (const std::string level : {"disk", "sync", "memory"}) {
    CAPTURE(level);
    REQUIRE(nsqd.post("/topic/create?topic=" + level + "&durability=" + level).status == 200);
    CHECK(configured_durability(nsqd, level) == level);
  }
  nsqd.create("default");
  nsqd.create("changed");
  REQUIRE(nsqd.request("PUT", "/topic/config?topic=changed", R"({"durability":"sync"})").status ==
          200);
  CHECK(configured_durability(nsqd, "changed") == "sync");

  restart(nsqd, ending);
  for (const std::string level : {"disk", "sync", "memory"}) {
    CAPTURE(level);
    CHECK(configured_durability(nsqd, level) == level);
    CHECK(durability_in_stats(nsqd, level) == level);
  }
  CHECK(durability_in_stats(nsqd, "default") == "disk");
  CHECK(durability_in_stats(nsqd, "changed") == "sync");
}

TEST_CASE("5.12 a topic without a level of its own has that of --durability",
          "[integration][durability]") {
  const std::string level = GENERATE("disk", "sync", "memory");
  CAPTURE(level);
  Nsqd nsqd({"--durability=" + level});
  nsqd.create("t");
  CHECK(durability_in_stats(nsqd, "t") == level);
  CHECK(nsqd.get("/info").json().at("durability") == level);
}

TEST_CASE("5.12 a level that does not exist is refused", "[integration][durability]") {
  Nsqd nsqd;
  nsqd.create("t");
  CHECK(nsqd.post("/topic/create?topic=u&durability=paper").status == 400);
  CHECK(nsqd.stat("u", "depth") == -1);
  for (const char* body : {R"({"durability":"paper"})", R"({"durability":1})", "paper", ""}) {
    CAPTURE(body);
    CHECK(nsqd.request("PUT", "/topic/config?topic=t", body).status == 400);
  }
  CHECK(configured_durability(nsqd, "t") == "disk");
  CHECK(nsqd.get("/topic/config?topic=missing").status == 404);
  CHECK(nsqd.get("/topic/config").status == 400);

  const Finished refused = run_to_end(nsqd_path(), {"--durability=paper"});
  CHECK(refused.status == exited(1));
  CHECK(refused.err.find("durability") != std::string::npos);
}

TEST_CASE("5.12 a topic made stricter keeps what it has", "[integration][durability]") {
  Nsqd nsqd;
  REQUIRE(nsqd.post("/topic/create?topic=t&durability=memory").status == 200);
  nsqd.create("t", "c");
  nsqd.publish("t", "1");
  REQUIRE(nsqd.request("PUT", "/topic/config?topic=t", R"({"durability":"sync"})").status == 200);
  nsqd.publish("t", "2");
  restart(nsqd, Ending::stop);
  // What was in memory only is written last.
  CHECK(sorted(bodies(consume(nsqd, "t", "c", 2))) == Strings{"1", "2"});
  nsqd.publish("t", "3");
  restart(nsqd, Ending::kill);
  CHECK(nsqd.await_stat("t", "c", "depth", 1) >= 1);  // a crash may repeat what was just finished
  Strings got;
  do {
    got.push_back(bodies(consume(nsqd, "t", "c", 1)).front());
  } while (got.back() != "3");
  CHECK(nsqd.await_stat("t", "c", "depth", 0) == 0);
}

TEST_CASE("5.12 one nsqd a data path", "[integration][durability]") {
  Nsqd nsqd;
  nsqd.create("t", "c");
  nsqd.publish("t", "m");
  restart(nsqd, Ending::kill);  // the dead one's lock is no hindrance
  const Finished second =
      run_to_end(nsqd_path(), {"--tcp-address=127.0.0.1:0", "--http-address=127.0.0.1:0",
                               "--data-path=" + nsqd.data_path().string()});
  CHECK(second.status == exited(1));
  CHECK(second.err.find(nsqd.data_path().string()) != std::string::npos);
  CHECK(bodies(consume(nsqd, "t", "c", 1)) == Strings{"m"});
}

TEST_CASE("5.12 --inspect shows a stopped data path and changes nothing",
          "[integration][durability]") {
  const Ending ending = GENERATE(Ending::kill, Ending::stop);
  CAPTURE(ending);
  Nsqd nsqd;
  nsqd.create("orders", "mail");
  nsqd.create("invoices");
  REQUIRE(nsqd.connect().ask(mpub("orders", Strings(1234, "m"))) == ok());
  end(nsqd, ending);
  for (int i = 0; i < 2; ++i) {
    const Finished shown = run_to_end(nsqd_path(), {"--inspect", nsqd.data_path().string()});
    CAPTURE(shown.out, shown.err);
    CHECK(shown.status == exited(0));
    for (const char* part : {"orders", "mail", "invoices", "1234"}) {
      CAPTURE(part);
      CHECK(shown.out.find(part) != std::string::npos);
    }
  }
  nsqd.start_again();
  CHECK(nsqd.await_stat("orders", "mail", "depth", 1234) == 1234);
  const Finished running = run_to_end(nsqd_path(), {"--inspect", nsqd.data_path().string()});
  CHECK(running.status == exited(1));  // not stopped
}

}  // namespace
}  // namespace nsq::test
