#include <regex>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/daemons.hpp"

namespace nsq::test {
namespace {

using Json = nlohmann::ordered_json;

std::string keys_of(const Json& object) {
  std::string keys;
  for (const auto& [key, value] : object.items()) keys += (keys.empty() ? "" : " ") + key;
  return keys;
}

Json stats_of(Nsqd& nsqd, const std::string& query) {
  return Json::parse(nsqd.get("/stats?format=json" + query).body);
}

TEST_CASE("10.8/115 the stats of a fresh daemon", "[integration]") {
  const Nsqd nsqd;
  const HttpResponse response = nsqd.get("/stats?format=json");
  CHECK(response.status == 200);
  CHECK(response.header("content-type") == "application/json; charset=utf-8");
  CHECK(response.header("x-nsq-content-type") == "nsq; version=1.0");
  const std::regex expected(
      R"(\{"version":"1\.3\.0","health":"OK","start_time":\d+,"topics":\[\],"memory":\{)"
      R"("heap_objects":\d+,"heap_idle_bytes":\d+,"heap_in_use_bytes":\d+,)"
      R"("heap_released_bytes":\d+,"gc_pause_usec_100":\d+,"gc_pause_usec_99":\d+,)"
      R"("gc_pause_usec_95":\d+,"next_gc_bytes":\d+,"gc_total_runs":\d+\},"producers":null\})");
  INFO(response.body);
  CHECK(std::regex_match(response.body, expected));
}

TEST_CASE("6.5 the members of topics, channels and clients", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  nsqd.create(topic, "a");
  client.send(rdy(1));
  REQUIRE(client.ask(pub(topic, "12345")) == ok());
  const std::string id = client.read_message().id;
  client.send(fin(id));
  REQUIRE(client.marker() == ok());
  REQUIRE(nsqd.await_stat(topic, "a", "depth", 1) == 1);
  REQUIRE(nsqd.await_stat(topic, "c", "in_flight_count", 0) == 0);

  const Json shown = stats_of(nsqd, "&topic=" + topic).at("topics").at(0);
  CHECK(keys_of(shown) ==
        "topic_name channels depth backend_depth message_count message_bytes paused durability "
        "e2e_processing_latency");
  CHECK(shown.at("message_bytes") == 5);
  CHECK(shown.at("e2e_processing_latency").dump() == R"({"count":0,"percentiles":null})");

  REQUIRE(shown.at("channels").size() == 2);
  const Json& idle = shown.at("channels").at(0);  // sorted by name
  CHECK(keys_of(idle) ==
        "channel_name depth backend_depth in_flight_count deferred_count message_count "
        "requeue_count timeout_count client_count clients paused e2e_processing_latency");
  CHECK(idle.at("channel_name") == "a");
  CHECK(idle.at("clients").dump() == "[]");
  const Json& busy = shown.at("channels").at(1);
  CHECK(busy.at("global_msg_count") == 1);

  const Json& consumer = busy.at("clients").at(0);
  CHECK(keys_of(consumer) ==
        "client_id hostname version remote_address state ready_count in_flight_count "
        "message_count finish_count requeue_count connect_ts sample_rate deflate snappy user_agent "
        "topology_zone topology_region pub_counts tls tls_cipher_suite tls_version "
        "tls_negotiated_protocol tls_negotiated_protocol_is_mutual");
  CHECK(consumer.at("ready_count") == 1);
  CHECK(consumer.at("in_flight_count") == 0);
  CHECK(consumer.at("message_count") == 1);
  CHECK(consumer.at("finish_count") == 1);
  CHECK(consumer.at("requeue_count") == 0);
}

TEST_CASE("6.5 producers are those that published over TCP", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient producer = nsqd.connect();
  REQUIRE(producer.ask(identify("{\"client_id\":\"" + topic + "\"}")) == ok());
  REQUIRE(producer.ask(pub(topic, "m")) == ok());
  REQUIRE(producer.ask(mpub(topic, {"m", "m"})) == ok());
  int found = 0;
  const Json shown = stats_of(nsqd, "&topic=" + topic);
  for (const Json& client : shown.at("producers")) {
    if (client.at("client_id") != topic) continue;
    ++found;
    CHECK(client.at("pub_counts").dump() == R"([{"topic":")" + topic + R"(","count":3}])");
    CHECK(client.at("state") == 0);
  }
  CHECK(found == 1);
}

TEST_CASE("10.8/116 filters", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  nsqd.create(topic, "a");
  nsqd.create(topic, "b");
  const Json unknown = stats_of(nsqd, "&topic=nope");
  CHECK(unknown.at("topics").is_null());
  CHECK(unknown.at("producers").is_null());
  CHECK(stats_of(nsqd, "&topic=" + topic + "&channel=nope").at("topics").dump() == "[]");
  const Json one = stats_of(nsqd, "&topic=" + topic + "&channel=b").at("topics");
  REQUIRE(one.size() == 1);
  REQUIRE(one.at(0).at("channels").size() == 1);
  CHECK(one.at(0).at("channels").at(0).at("channel_name") == "b");
}

TEST_CASE("10.8/117 leaving out clients and memory", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  REQUIRE(client.marker() == ok());
  const std::string no = GENERATE("false", "0");
  const Json shown = stats_of(nsqd, "&topic=" + topic + "&include_clients=" + no);
  const Json& channel = shown.at("topics").at(0).at("channels").at(0);
  CHECK(channel.at("clients").is_null());
  CHECK(channel.at("client_count") == 1);
  CHECK(shown.at("producers").is_null());
  CHECK(shown.contains("memory"));
  CHECK_FALSE(stats_of(nsqd, "&include_mem=" + no).contains("memory"));
  CHECK(stats_of(nsqd, "&include_mem=junk").contains("memory"));
}

TEST_CASE("6.5 the text form of a fresh daemon", "[integration]") {
  const Nsqd nsqd;
  const HttpResponse response = nsqd.get("/stats?include_mem=false");
  CHECK(response.header("content-type") == "text/plain; charset=utf-8");
  const std::regex expected(
      "nsqd v1\\.3\\.0 \\(built w/.*\\)\nstart_time \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d"
      "(Z|[+-]\\d\\d:\\d\\d)\nuptime [0-9.]+[a-z\xc2\xb5]+\n\nHealth: OK\n"
      "\nTopics: None\n\nProducers: None\n");
  INFO(response.body);
  CHECK(std::regex_match(response.body, expected));
  CHECK(nsqd.get("/stats?format=JSON").body.starts_with("nsqd v1.3.0"));
  CHECK(nsqd.get("/stats").body.find("\nMemory:\n   heap_objects             \t") !=
        std::string::npos);
}

TEST_CASE("6.5 the text form of topics, channels and clients", "[integration]") {
  const Nsqd nsqd;
  RawClient client = nsqd.connect();
  REQUIRE(client.ask(identify(R"({"hostname":"host","user_agent":"agent/1"})")) == ok());
  REQUIRE(client.subscribe("orders", "mail") == ok());
  RawClient producer = nsqd.connect();
  REQUIRE(producer.ask(pub("orders", "m")) == ok());
  REQUIRE(nsqd.await_stat("orders", "mail", "depth", 1) == 1);
  REQUIRE(nsqd.post("/channel/pause?topic=orders&channel=mail").status == 200);
  const std::string text = nsqd.get("/stats").body;
  INFO(text);
  CHECK(text.find("\n   [orders         ] depth: 0     be-depth: 0     msgs: 1        e2e%: \n") !=
        std::string::npos);
  CHECK(text.find("\n   *P [mail                     ] depth: 1     be-depth: 0     inflt: 0    "
                  "def: 0    re-q: 0     timeout: 0     msgs: 1        e2e%: \n") !=
        std::string::npos);
  CHECK(std::regex_search(
      text, std::regex("\n        \\[V2 host:\\d+ agent/1 *\\] state: 3 inflt: 0    rdy: 0    "
                       "fin: 0        re-q: 0        msgs: 0        connected: \\d+s\n")));
  CHECK(std::regex_search(
      text, std::regex("\nProducers:\n   \\[V2 127\\.0\\.0\\.1:\\d+ *\\] msgs: 1        "
                       "topics: orders=1 connected: \\d+s\n")));
}

}  // namespace
}  // namespace nsq::test
