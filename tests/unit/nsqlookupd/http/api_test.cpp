#include "nsqlookupd/http/api.hpp"

#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "tests/unit/nsqlookupd/registry/registry_fixture.hpp"

using namespace nsqlookupd;
using namespace nsq::net;

namespace {

/// Hands on to the waiters what the registry tells.
class Forwarder final : public RegistryObserver {
 public:
  void registered(const Peer&, const Key&) override {}
  void unregistered(const Peer&, const Key&, Removal) override {}
  void topic_changed(std::string_view topic) override { waiters->topic_changed(topic); }
  void has_departed() override {}
  LookupWaiters* waiters = nullptr;
};

/// The API on a registry, called through its router without sockets.
struct ApiFixture {
  ApiFixture() { forwarder.waiters = &waiters; }

  /// The answer, if it is there without waiting.
  std::optional<HttpResponse> begin(HttpMethod method, std::string_view target) {
    request = {};
    request.method = method;
    request.target = target;
    request.path = target.substr(0, target.find('?'));
    if (request.path.size() < target.size()) {
      request.query = QueryParams::parse(target.substr(request.path.size() + 1));
    }
    const HttpMatch match = router->match(method, request.path);
    REQUIRE(match.kind == HttpMatch::Kind::route);
    if (const auto* handler = std::get_if<HttpHandler>(&match.route->handler)) {
      return (*handler)(request);
    }
    boost::asio::co_spawn(
        io, std::get<HttpAsyncHandler>(match.route->handler)(request),
        [this](std::exception_ptr, HttpResponse response) { answer = std::move(response); });
    return later();
  }
  std::optional<HttpResponse> later() {
    io.restart();
    io.poll();
    return std::exchange(answer, std::nullopt);
  }
  /// Status and body in one text: `404 {"message":"NOT_FOUND"}`.
  std::string get(std::string_view target) { return summary(begin(HttpMethod::get, target)); }
  std::string post(std::string_view target) { return summary(begin(HttpMethod::post, target)); }
  static std::string summary(const std::optional<HttpResponse>& response) {
    if (!response) return "waits";
    return std::to_string(response->status) + " " + response->body;
  }

  boost::asio::io_context io;
  LookupWaiters waiters{io.get_executor()};
  Forwarder forwarder;
  Registry registry{{}, forwarder};
  std::shared_ptr<const HttpRouter> router = make_api_router({registry, waiters, nsq::Logger()});
  HttpRequest request;
  std::optional<HttpResponse> answer;
};

std::string error(int status, std::string_view code) {
  return fmt::format("{} {{\"message\":\"{}\"}}", status, code);
}

}  // namespace

TEST_CASE_METHOD(ApiFixture, "requests without a topic that need one", "[http]") {
  for (const char* path : {"/channels", "/lookup"}) {
    CHECK(get(path) == error(400, "MISSING_ARG_TOPIC"));
    CHECK(get(std::string(path) + "?topic=a;b") == error(400, "INVALID_REQUEST"));
    CHECK(get(std::string(path) + "?topic=%zz") == error(400, "INVALID_REQUEST"));
  }
  for (const char* path : {"/topic/create", "/topic/delete", "/channel/create", "/channel/delete",
                           "/topic/tombstone"}) {
    CAPTURE(path);
    CHECK(post(path) == error(400, "MISSING_ARG_TOPIC"));
  }
}

TEST_CASE_METHOD(ApiFixture, "arguments are checked in order", "[http]") {
  CHECK(post("/topic/create?topic=a%20b") == error(400, "INVALID_ARG_TOPIC"));
  for (const std::string path : {"/channel/create", "/channel/delete"}) {
    CHECK(post(path + "?topic=*&channel=*") == error(400, "INVALID_ARG_TOPIC"));
    CHECK(post(path + "?topic=t") == error(400, "MISSING_ARG_CHANNEL"));
    CHECK(post(path + "?topic=t&channel=*") == error(400, "INVALID_ARG_CHANNEL"));
  }
  CHECK(post("/topic/tombstone?topic=t") == error(400, "MISSING_ARG_NODE"));
}

TEST_CASE_METHOD(ApiFixture, "topics and channels are made and deleted", "[http]") {
  CHECK(post("/channel/delete?topic=t&channel=c") == error(404, "CHANNEL_NOT_FOUND"));
  CHECK(post("/channel/create?topic=t&channel=c") == "200 ");
  CHECK(post("/topic/create?topic=u&topic=v") == "200 ");
  CHECK(get("/topics") == R"(200 {"topics":["t","u"]})");
  CHECK(get("/channels?topic=t") == R"(200 {"channels":["c"]})");
  CHECK(get("/lookup?topic=t") == R"(200 {"channels":["c"],"producers":[]})");
  CHECK(post("/channel/delete?topic=t&channel=c") == "200 ");
  CHECK(post("/channel/delete?topic=t&channel=c") == error(404, "CHANNEL_NOT_FOUND"));
  CHECK(post("/topic/delete?topic=*") == "200 ");
  CHECK(post("/topic/delete?topic=t") == "200 ");
  CHECK(post("/topic/delete?topic=t") == "200 ");
  CHECK(get("/topics") == R"(200 {"topics":["u"]})");
}

TEST_CASE_METHOD(ApiFixture, "what is not there", "[http]") {
  for (const char* name : {"nope", "", "*"}) {
    CHECK(get(std::string("/lookup?topic=") + name) == error(404, "TOPIC_NOT_FOUND"));
    CHECK(get(std::string("/channels?topic=") + name) == R"(200 {"channels":[]})");
  }
  CHECK(get("/nodes") == R"(200 {"producers":[]})");
  CHECK(get("/debug") == "200 {}");
  CHECK(get("/info") == R"(200 {"version":"1.3.0"})");
}

TEST_CASE_METHOD(ApiFixture, "only /ping is without the API's header", "[http]") {
  CHECK(begin(HttpMethod::get, "/ping")->skip_api_header);
  CHECK(begin(HttpMethod::get, "/ping")->body == "OK");
  for (const char* path : {"/info", "/topics", "/lookup", "/lookup?topic=nope"}) {
    CHECK_FALSE(begin(HttpMethod::get, path)->skip_api_header);
  }
  CHECK_FALSE(begin(HttpMethod::post, "/topic/create?topic=t")->skip_api_header);
}

TEST_CASE_METHOD(ApiFixture, "a long answer lets others have their turn", "[http]") {
  for (int i = 0; i < 10000; ++i) registry.create(topic("t" + std::to_string(i)));
  const auto answered = begin(HttpMethod::get, "/topics");
  REQUIRE(answered);
  CHECK(nlohmann::json::parse(answered->body).at("topics").size() == 10000);
}

TEST_CASE_METHOD(ApiFixture, "an index comes with the answer if it is asked for", "[http][poll]") {
  registry.create(topic("t"));
  const auto index = std::to_string(registry.lookup_index("t", nsq::read_clock()).value);
  const std::string expected = R"(200 {"channels":[],"producers":[],"index":)" + index + "}";
  CHECK(get("/lookup?topic=t&wait=30s") == expected);
  CHECK(get("/lookup?topic=t&index=0") == expected);
  CHECK(get("/lookup?topic=t&index=" + index) == expected);
  CHECK(get("/lookup?topic=t&wait=0s&index=" + index) == expected);
  CHECK(get("/lookup?topic=t&wait=30s&index=12") == expected);
  CHECK(get("/lookup?topic=nope&index=0") == R"(404 {"message":"TOPIC_NOT_FOUND","index":1})");
}

TEST_CASE_METHOD(ApiFixture, "bad poll arguments", "[http][poll]") {
  for (const char* wait : {"", "30", "-1s", "x"}) {
    CHECK(get(std::string("/lookup?topic=t&wait=") + wait) == error(400, "INVALID_ARG_WAIT"));
  }
  for (const char* index : {"", "-1", "1x", "99999999999999999999"}) {
    CHECK(get(std::string("/lookup?topic=t&index=") + index) == error(400, "INVALID_ARG_INDEX"));
  }
}

TEST_CASE_METHOD(ApiFixture, "a poll waits for another answer", "[http][poll]") {
  CHECK(get("/lookup?topic=t&wait=60s&index=1") == "waits");
  CHECK(waiters.size() == 1);
  SECTION("of this topic, not of others") {
    registry.create(topic("u"));
    CHECK(summary(later()) == "waits");
    registry.create(topic("t"));
    CHECK(summary(later()).starts_with(R"(200 {"channels":[],"producers":[],"index":)"));
  }
  SECTION("and not for changes that undo each other") {
    registry.create(topic("t"));
    registry.erase_topic("t");
    CHECK(summary(later()) == "waits");
    waiters.stop();
    CHECK(summary(later()) == R"(404 {"message":"TOPIC_NOT_FOUND","index":1})");
  }
  SECTION("until the daemon stops") {
    waiters.stop();
    CHECK(summary(later()) == R"(404 {"message":"TOPIC_NOT_FOUND","index":1})");
    CHECK(get("/lookup?topic=t&wait=60s&index=1") ==
          R"(404 {"message":"TOPIC_NOT_FOUND","index":1})");
  }
  CHECK(waiters.size() == 0);
}

TEST_CASE_METHOD(ApiFixture, "a poll ends when its time is up", "[http][poll]") {
  CHECK(get("/lookup?topic=t&wait=1ms&index=1") == "waits");
  io.restart();
  io.run();
  REQUIRE(answer);
  CHECK(answer->body == R"({"message":"TOPIC_NOT_FOUND","index":1})");
}

TEST_CASE_METHOD(ApiFixture, "a tombstone wakes who polls the topic", "[http][poll]") {
  const nsq::Now now = nsq::read_clock();
  Peer& peer = registry.join("a:1", identity(), now);
  registry.add(peer, topic("t"));
  const auto index = std::to_string(registry.lookup_index("t", now).value);
  CHECK(get("/lookup?topic=t&wait=60s&index=" + index) == "waits");
  registry.ping(peer, now);
  CHECK(summary(later()) == "waits");
  registry.tombstone("t", "host:4151", nsq::read_clock());
  CHECK(summary(later()).starts_with(R"(200 {"channels":[],"producers":[],"index":)"));
}
