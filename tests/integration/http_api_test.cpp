#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/daemons.hpp"

namespace nsq::test {
namespace {

void check_error(const HttpResponse& response, int status, std::string_view code) {
  CHECK(response.status == status);
  CHECK(response.body == api_error(code));
}

TEST_CASE("10.8/111 wrong methods", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const HttpResponse get_pub = nsqd.get("/pub");
  check_error(get_pub, 405, "METHOD_NOT_ALLOWED");
  CHECK(get_pub.header("allow") == "OPTIONS, POST");
  const HttpResponse head_ping = nsqd.request("HEAD", "/ping");
  CHECK(head_ping.status == 405);
  CHECK(head_ping.header("allow") == "GET, OPTIONS");
  const HttpResponse post_stats = nsqd.post("/stats");
  check_error(post_stats, 405, "METHOD_NOT_ALLOWED");
  CHECK(post_stats.header("allow") == "GET, OPTIONS");
  CHECK(nsqd.request("DELETE", "/config/log_level").header("allow") == "GET, OPTIONS, PUT");
}

TEST_CASE("10.8/111 unknown paths", "[integration]") {
  const std::string path =
      GENERATE(as<std::string>{}, "/nope", "/", "/topic", "/config", "/config/", "/debug/nope");
  check_error(plain_nsqd().get(path), 404, "NOT_FOUND");
}

TEST_CASE("10.8/111 nearly right paths are redirected", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const auto [path, target] = GENERATE(table<std::string, std::string>({
      {"/stats/", "/stats"},
      {"/STATS", "/stats"},
      {"//stats", "/stats"},
      {"/stats/?format=json", "/stats?format=json"},
  }));
  CAPTURE(path);
  const HttpResponse response = nsqd.get(path);
  CHECK(response.status == 301);
  CHECK(response.header("location") == target);
  const HttpResponse post = nsqd.post("/pub/?topic=x", "m");
  CHECK((post.status == 307 || post.status == 308));
  CHECK(post.header("location") == "/pub?topic=x");
}

TEST_CASE("6.1 OPTIONS lists the methods", "[integration]") {
  const HttpResponse response = plain_nsqd().request("OPTIONS", "/ping");
  CHECK(response.status == 200);
  CHECK(response.body == "");
  CHECK(response.header("allow") == "GET, OPTIONS");
}

TEST_CASE("10.8/112 what is checked, and how the failure is called", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const auto [target, status, code] = GENERATE(table<std::string, int, std::string>({
      {"/topic/create", 400, "MISSING_ARG_TOPIC"},
      {"/topic/create?topic=bad:x", 400, "INVALID_TOPIC"},
      {"/topic/delete", 400, "MISSING_ARG_TOPIC"},
      {"/topic/delete?topic=bad:x", 404, "TOPIC_NOT_FOUND"},
      {"/topic/delete?topic=nope", 404, "TOPIC_NOT_FOUND"},
      {"/topic/pause", 400, "MISSING_ARG_TOPIC"},
      {"/topic/pause?topic=bad:x", 404, "TOPIC_NOT_FOUND"},
      {"/topic/unpause?topic=", 404, "TOPIC_NOT_FOUND"},
      {"/topic/empty", 400, "MISSING_ARG_TOPIC"},
      {"/topic/empty?topic=bad:x", 400, "INVALID_TOPIC"},
      {"/topic/empty?topic=nope", 404, "TOPIC_NOT_FOUND"},
      {"/channel/empty", 400, "MISSING_ARG_TOPIC"},
      {"/channel/empty?topic=bad:x&channel=c", 400, "INVALID_ARG_TOPIC"},
      {"/channel/empty?topic=nope", 400, "MISSING_ARG_CHANNEL"},
      {"/channel/empty?topic=nope&channel=bad:x", 400, "INVALID_ARG_CHANNEL"},
      {"/channel/empty?topic=nope&channel=c", 404, "TOPIC_NOT_FOUND"},
      {"/channel/delete?topic=nope&channel=c", 404, "TOPIC_NOT_FOUND"},
      {"/channel/pause?topic=nope&channel=c", 404, "TOPIC_NOT_FOUND"},
      {"/channel/unpause?channel=c", 400, "MISSING_ARG_TOPIC"},
  }));
  CAPTURE(target);
  check_error(nsqd.post(target), status, code);
}

TEST_CASE("10.8/112 an existing topic without the channel", "[integration]") {
  const std::string topic = fresh("t");
  plain_nsqd().create(topic);
  const std::string action = GENERATE("empty", "delete", "pause", "unpause");
  check_error(plain_nsqd().post("/channel/" + action + "?topic=" + topic + "&channel=c"), 404,
              "CHANNEL_NOT_FOUND");
}

TEST_CASE("10.8/113 /channel/create does not create the topic", "[integration]") {
  const std::string topic = fresh("t");
  check_error(plain_nsqd().post("/channel/create?topic=" + topic + "&channel=c"), 404,
              "TOPIC_NOT_FOUND");
  CHECK(plain_nsqd().stat(topic, "depth") == -1);
}

TEST_CASE("6.1 creating what exists succeeds, with an empty body", "[integration]") {
  const std::string topic = fresh("t");
  for (int i = 0; i < 2; ++i) {
    const HttpResponse created = plain_nsqd().post("/topic/create?topic=" + topic);
    CHECK(created.status == 200);
    CHECK(created.body == "");
    CHECK(created.header("content-type") == "");
    CHECK(created.header("x-nsq-content-type") == "nsq; version=1.0");
    CHECK(plain_nsqd().post("/channel/create?topic=" + topic + "&channel=c").status == 200);
  }
}

TEST_CASE("10.8/118 /config/log_level", "[integration]") {
  const Nsqd nsqd;
  CHECK(nsqd.get("/config/log_level").body == "2");
  const HttpResponse put = nsqd.request("PUT", "/config/log_level", "FATAL");
  CHECK(put.status == 200);
  CHECK(put.body == "5");
  CHECK(nsqd.get("/config/log_level").body == "5");
  check_error(nsqd.request("PUT", "/config/log_level", "bad"), 400, "INVALID_VALUE");
  check_error(nsqd.request("PUT", "/config/log_level", "warning"), 400, "INVALID_VALUE");
  check_error(nsqd.request("PUT", "/config/log_level", ""), 413, "INVALID_VALUE");
  CHECK(nsqd.get("/config/log_level").body == "5");
}

TEST_CASE("10.8/118 options are read by their config keys", "[integration]") {
  Nsqd& nsqd = tight_nsqd();
  for (const char* unknown : {"node_id", "lookupd_tcp_address", "verbose", "version", "config"}) {
    CAPTURE(unknown);
    check_error(nsqd.get("/config/" + std::string(unknown)), 400, "INVALID_OPTION");
  }
  CHECK(nsqd.get("/config/tcp_address").body == "127.0.0.1:0");
  CHECK(nsqd.get("/config/tcp_address").header("content-type") == "text/plain; charset=utf-8");
  CHECK(nsqd.get("/config/statsd_address").body == "");
  CHECK(nsqd.get("/config/mem_queue_size").body == "10");
  CHECK(nsqd.get("/config/msg_timeout").body == "1000000000");
  CHECK(nsqd.get("/config/snappy").body == "false");
  CHECK(nsqd.get("/config/tls_required").body == "0");
  CHECK(nsqd.get("/config/tls_min_version").body == "769");
  CHECK(nsqd.get("/config/auth_http_addresses").body == "[]");
  CHECK(nsqd.get("/config/e2e_processing_latency_percentiles").body == "[]");
  CHECK(nsqd.get("/config/broadcast_tcp_port").body == std::to_string(nsqd.tcp_port()));
  check_error(nsqd.request("PUT", "/config/mem_queue_size", "5"), 400, "INVALID_OPTION");
}

TEST_CASE("10.8/119 /config/nsqlookupd_tcp_addresses can be set", "[integration]") {
  const Nsqd nsqd;
  const std::string target = "/config/nsqlookupd_tcp_addresses";
  CHECK(nsqd.get(target).body == "[]");
  CHECK(nsqd.request("PUT", target, R"(["127.0.0.1:1"])").body == R"(["127.0.0.1:1"])");
  CHECK(nsqd.get(target).body == R"(["127.0.0.1:1"])");
  check_error(nsqd.request("PUT", target, "nonsense"), 400, "INVALID_VALUE");
  check_error(nsqd.request("PUT", target, R"({"a":1})"), 400, "INVALID_VALUE");
  CHECK(nsqd.request("PUT", target, "[]").body == "[]");
  CHECK(nsqd.get(target).body == "[]");
}

TEST_CASE("6.3 /ping", "[integration]") {
  const HttpResponse response = plain_nsqd().get("/ping");
  CHECK(response.status == 200);
  CHECK(response.body == "OK");
  CHECK(response.header("content-type") == "text/plain; charset=utf-8");
  CHECK(response.header("x-nsq-content-type") == "");
}

TEST_CASE("6.4 /info", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const HttpResponse response = nsqd.get("/info");
  CHECK(response.header("content-type") == "application/json; charset=utf-8");
  const auto info = nlohmann::ordered_json::parse(response.body);
  std::string keys;
  for (const auto& [key, value] : info.items()) keys += key + " ";
  CHECK(keys ==
        "version broadcast_address hostname http_port tcp_port start_time max_heartbeat_interval "
        "max_output_buffer_size max_output_buffer_timeout max_deflate_level topology_zone "
        "topology_region durability ");
  CHECK(info.at("version") == "1.3.0");
  CHECK(info.at("tcp_port") == nsqd.tcp_port());
  CHECK(info.at("http_port") == nsqd.http_port());
  CHECK(info.at("max_heartbeat_interval") == 60'000'000'000);
  CHECK(info.at("max_output_buffer_size") == 65536);
  CHECK(info.at("max_output_buffer_timeout") == 30'000'000'000);
  CHECK(info.at("max_deflate_level") == 6);
}

TEST_CASE("6.7 the debug paths answer", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const HttpResponse cmdline = nsqd.get("/debug/pprof/cmdline");
  CHECK(cmdline.status == 200);
  CHECK(cmdline.body.find("--tcp-address=127.0.0.1:0") != std::string::npos);
  // Upstream answers 500 after succeeding.
  const HttpResponse freed = nsqd.post("/debug/freememory");
  CHECK(freed.status == 200);
  CHECK(freed.body == "");
  CHECK(nsqd.request("PUT", "/debug/setblockrate?rate=0").status == 200);
  const HttpResponse bad_rate = nsqd.request("PUT", "/debug/setblockrate?rate=x");
  CHECK(bad_rate.status == 400);
  CHECK(bad_rate.body.starts_with("invalid block rate : "));
}

}  // namespace
}  // namespace nsq::test
