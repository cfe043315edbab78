#include <string>

#include <catch2/catch.hpp>

#include "common/net/http_access_log.hpp"
#include "tests/unit/nsqd/http/api_fixture.hpp"

namespace nsqd {
namespace {

using namespace nsq::net;

TEST_CASE("the topic and channel routes check their arguments in order", "[nsqd][http]") {
  const auto [target, expected] = GENERATE(table<std::string, std::string>({
      {"/topic/create", error(400, "MISSING_ARG_TOPIC")},
      {"/topic/create?topic=a;b", error(400, "INVALID_REQUEST")},
      {"/topic/create?topic=", error(400, "INVALID_TOPIC")},
      {"/topic/create?topic=t", "200 "},
      {"/topic/delete", error(400, "MISSING_ARG_TOPIC")},
      {"/topic/delete?topic=bad:x", error(404, "TOPIC_NOT_FOUND")},
      {"/topic/delete?topic=t", "200 "},
      {"/topic/empty?topic=bad:x", error(400, "INVALID_TOPIC")},
      {"/topic/empty?topic=x", error(404, "TOPIC_NOT_FOUND")},
      {"/topic/empty?topic=t", "200 "},
      {"/topic/pause?topic=bad:x", error(404, "TOPIC_NOT_FOUND")},
      {"/topic/pause?topic=", error(404, "TOPIC_NOT_FOUND")},
      {"/topic/pause?topic=t", "200 "},
      {"/topic/unpause?topic=t", "200 "},
      {"/channel/create?topic=t&channel=new", "200 "},
      {"/channel/create?topic=x&channel=c", error(404, "TOPIC_NOT_FOUND")},
      {"/channel/create?channel=c", error(400, "MISSING_ARG_TOPIC")},
      {"/channel/empty?topic=bad:x&channel=c", error(400, "INVALID_ARG_TOPIC")},
      {"/channel/empty?topic=x", error(400, "MISSING_ARG_CHANNEL")},
      {"/channel/empty?topic=x&channel=bad:x", error(400, "INVALID_ARG_CHANNEL")},
      {"/channel/empty?topic=x&channel=c", error(404, "TOPIC_NOT_FOUND")},
      {"/channel/empty?topic=t&channel=x", error(404, "CHANNEL_NOT_FOUND")},
      {"/channel/delete?topic=t&channel=x", error(404, "CHANNEL_NOT_FOUND")},
      {"/channel/delete?topic=t&channel=c", "200 "},
      {"/channel/pause?topic=t&channel=c", "200 "},
      {"/channel/unpause?topic=t&channel=c", "200 "},
  }));
  CAPTURE(target);
  ApiFixture api;
  api.channel("t", "c");
  CHECK(summary(api.post(target)) == expected);
}

TEST_CASE("the topic and channel routes do what they say", "[nsqd][http]") {
  ApiFixture api;
  api.post("/topic/create?topic=t");
  api.post("/pub?topic=t", "held");
  CHECK(api.depth("t") == 1);
  api.post("/topic/empty?topic=t");
  CHECK(api.depth("t") == 0);

  api.post("/channel/create?topic=t&channel=c");
  api.post("/topic/pause?topic=t");
  CHECK(api.topic("t")->paused());
  api.post("/topic/unpause?topic=t");
  CHECK_FALSE(api.topic("t")->paused());

  const auto channel = api.topic("t")->find_channel("c");
  REQUIRE(channel);
  api.post("/channel/pause?topic=t&channel=c");
  CHECK(channel->paused());
  api.post("/channel/unpause?topic=t&channel=c");
  CHECK_FALSE(channel->paused());
  api.post("/pub?topic=t", "queued");
  CHECK(channel->stats(false).depth == 1);
  api.post("/channel/empty?topic=t&channel=c");
  CHECK(channel->stats(false).depth == 0);
  api.post("/channel/delete?topic=t&channel=c");
  CHECK(api.topic("t")->channels().empty());
  api.post("/topic/delete?topic=t");
  CHECK_FALSE(api.broker.find_topic("t"));
}

TEST_CASE("/ping tells the health", "[nsqd][http]") {
  ApiFixture api;
  CHECK(summary(api.get("/ping")) == "200 OK");
  CHECK(api.get("/ping").skip_api_header);
  api.health.set_failed("disk full");
  CHECK(summary(api.get("/ping")) == "500 NOK - disk full");
  CHECK(api.get("/ping").content_type == "text/plain; charset=utf-8");
}

TEST_CASE("/info has its members in order", "[nsqd][http]") {
  ApiFixture api;
  CHECK(summary(api.get("/info")) ==
        R"(200 {"version":"1.3.0","broadcast_address":"b.example","hostname":"box",)"
        R"("http_port":4151,"tcp_port":4150,"start_time":1700000000,)"
        R"("max_heartbeat_interval":60000000000,"max_output_buffer_size":65536,)"
        R"("max_output_buffer_timeout":30000000000,"max_deflate_level":6,)"
        R"("topology_zone":"","topology_region":"","durability":"disk"})");
}

TEST_CASE("/stats is JSON for format=json exactly", "[nsqd][http]") {
  ApiFixture api;
  CHECK(api.get("/stats?format=json").body.starts_with(R"({"version":"1.3.0","health":"OK")"));
  CHECK(api.get("/stats?format=json").content_type == "application/json; charset=utf-8");
  CHECK(api.get("/stats?format=JSON").body.starts_with("nsqd v1.3.0 (built w/"));
  CHECK(summary(api.get("/stats?a;b")) == error(400, "INVALID_REQUEST"));
  const auto has_memory = [&](std::string_view switched) {
    return api.get("/stats?format=json&include_mem=" + std::string(switched))
        .body.contains("\"memory\"");
  };
  CHECK(has_memory("junk"));
  CHECK_FALSE(has_memory("false"));
  CHECK_FALSE(has_memory("0"));
}

TEST_CASE("GET /config shows an option by its config key", "[nsqd][http]") {
  Options options;
  options.e2e_processing_latency_percentiles = {1, 0.99};
  const auto [key, expected, type] = GENERATE(table<std::string, std::string, std::string>({
      {"log_level", "200 5", "application/json; charset=utf-8"},  // that of a logger to nowhere
      {"tcp_address", "200 0.0.0.0:4150", "text/plain; charset=utf-8"},
      {"statsd_address", "200 ", ""},
      {"mem_queue_size", "200 10000", "application/json; charset=utf-8"},
      {"msg_timeout", "200 60000000000", "application/json; charset=utf-8"},
      {"deflate", "200 true", "application/json; charset=utf-8"},
      {"tls_required", "200 2", "application/json; charset=utf-8"},
      {"tls_min_version", "200 769", "application/json; charset=utf-8"},
      {"e2e_processing_latency_percentiles", "200 [1,0.99]", "application/json; charset=utf-8"},
      {"auth_http_addresses", "200 []", "application/json; charset=utf-8"},
      {"nsqlookupd_tcp_addresses", "200 [\"l:4160\"]", "application/json; charset=utf-8"},
      {"node_id", error(400, "INVALID_OPTION"), "application/json; charset=utf-8"},
      {"verbose", error(400, "INVALID_OPTION"), "application/json; charset=utf-8"},
      {"config", error(400, "INVALID_OPTION"), "application/json; charset=utf-8"},
  }));
  CAPTURE(key);
  options.tls_required = TlsRequired::yes;
  ApiFixture api(options);
  api.logger.set_level(nsq::LogLevel::fatal);
  const auto response = api.get("/config/" + key);
  CHECK(summary(response) == expected);
  CHECK(response.content_type == type);
}

TEST_CASE("PUT /config changes two options", "[nsqd][http]") {
  const auto [key, body, expected] = GENERATE(table<std::string, std::string, std::string>({
      {"log_level", "fatal", "200 5"},
      {"log_level", "DEBUG", "200 1"},
      {"log_level", "bad", error(400, "INVALID_VALUE")},
      {"log_level", "warning", error(400, "INVALID_VALUE")},
      {"log_level", "info\n", error(400, "INVALID_VALUE")},
      {"log_level", "", error(413, "INVALID_VALUE")},
      {"nsqlookupd_tcp_addresses", "[\"h:1\", \"i:2\"]", "200 [\"h:1\",\"i:2\"]"},
      {"nsqlookupd_tcp_addresses", "[]", "200 []"},
      {"nsqlookupd_tcp_addresses", "null", "200 []"},
      {"nsqlookupd_tcp_addresses", "h:1", error(400, "INVALID_VALUE")},
      {"nsqlookupd_tcp_addresses", "[1]", error(400, "INVALID_VALUE")},
      {"nsqlookupd_tcp_addresses", "{}", error(400, "INVALID_VALUE")},
      {"mem_queue_size", "1", error(400, "INVALID_OPTION")},
      {"nonsense", "", error(413, "INVALID_VALUE")},
      {"nonsense", std::string(65, 'x'), error(413, "INVALID_VALUE")},
  }));
  CAPTURE(key, body);
  Options options;
  options.max_msg_size = 64;
  ApiFixture api(options);
  CHECK(summary(api.put("/config/" + key, body)) == expected);
}

TEST_CASE("what PUT /config changed is in effect", "[nsqd][http]") {
  ApiFixture api;
  api.put("/config/log_level", "error");
  CHECK(api.logger.level() == nsq::LogLevel::error);
  CHECK(api.get("/config/log_level").body == "4");
  api.put("/config/nsqlookupd_tcp_addresses", "[\"h:1\"]");
  CHECK(api.settings.lookupd_addresses() == std::vector<std::string>{"h:1"});
  CHECK(api.get("/config/nsqlookupd_tcp_addresses").body == "[\"h:1\"]");
}

TEST_CASE("/debug answers on upstream's paths", "[nsqd][http]") {
  ApiFixture api;
  CHECK(api.get("/debug/pprof/").content_type == "text/html; charset=utf-8");
  CHECK(api.get("/debug/pprof/cmdline").body.contains("unit_nsqd_http"));
  CHECK(api.get("/debug/pprof/symbol").status == 200);
  CHECK(api.post("/debug/pprof/symbol").status == 200);
  for (const auto* name : {"heap", "goroutine", "block", "threadcreate"}) {
    CAPTURE(name);
    CHECK(api.get(std::string("/debug/pprof/") + name).status == 501);
  }
  for (const auto* seconds : {"", "0", "-1", "301", "x", "1.5", "99999999999999999999"}) {
    CAPTURE(seconds);
    const auto refused = api.get(std::string("/debug/pprof/profile?seconds=") + seconds);
    CHECK(summary(refused) == "400 seconds must be a whole number from 1 to 300\n");
  }
  CHECK(summary(api.get("/debug/pprof/nope")) == error(404, "NOT_FOUND"));
  CHECK(summary(api.post("/debug/freememory")) == "200 ");
  CHECK(summary(api.put("/debug/setblockrate?rate=100", "")) == "200 ");
  const auto refused = api.put("/debug/setblockrate?rate=x", "");
  CHECK(refused.status == 400);
  CHECK(refused.body.starts_with("invalid block rate : "));
  CHECK(api.put("/debug/setblockrate", "").status == 400);
}

TEST_CASE("/debug/pprof/heap tells who has the memory", "[nsqd][http]") {
  ApiFixture api;
  const auto topic = api.broker.get_or_create_topic(nsq::wire::TopicName::parse("orders").value());
  REQUIRE(topic);
  CHECK(api.post("/pub?topic=orders", std::string(5000, 'x')).status == 200);
  const auto text = api.get("/debug/pprof/heap?debug=1");
  CHECK(text.content_type == "text/plain; charset=utf-8");
  CHECK(text.body.starts_with("process\n"));
  CHECK(text.body.contains("  messages, which"));
  CHECK(text.body.contains("topics, 1 of 1\n"));
  CHECK(text.body.ends_with("  orders\n"));
  const auto arenas = api.get("/debug/pprof/heap?debug=2");
  CHECK(arenas.content_type == "application/xml");
  CHECK(arenas.body.starts_with("<malloc"));
}

TEST_CASE("the access log has its line, and not for publishes and profiles", "[nsqd][http]") {
  struct Sink final : nsq::LogSink {
    void write(nsq::LogLevel, std::string_view text) override { lines.emplace_back(text); }
    std::vector<std::string> lines;
  };
  const auto sink = std::make_shared<Sink>();
  const auto hook = nsq::net::make_access_log(nsq::Logger(sink, nsq::LogLevel::info));
  hook({.status = 200,
        .method = "GET",
        .target = "/stats?format=json",
        .remote = "127.0.0.1:5",
        .elapsed = nsq::Nanoseconds(1500)});
  REQUIRE(sink->lines.size() == 1);
  CHECK(sink->lines[0] == "200 GET /stats?format=json (127.0.0.1:5) 1.5µs");

  ApiFixture api;
  const auto logged = [&](HttpMethod method, std::string_view path) {
    return api.router()->match(method, path).route->access_log;
  };
  CHECK(logged(HttpMethod::get, "/stats"));
  CHECK(logged(HttpMethod::post, "/debug/freememory"));
  CHECK_FALSE(logged(HttpMethod::post, "/pub"));
  CHECK_FALSE(logged(HttpMethod::post, "/mpub"));
  CHECK_FALSE(logged(HttpMethod::get, "/debug/pprof/heap"));
}

}  // namespace
}  // namespace nsqd
