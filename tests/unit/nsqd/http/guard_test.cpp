#include "nsqd/http/guard.hpp"

#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/http/api_fixture.hpp"

namespace nsqd {
namespace {

using namespace nsq::net;

constexpr const char* kFile = R"(
[[identity]]
name = "app"
secret = "app-secret"
publish = ["mine"]
subscribe = ["fed/ch"]
manage = ["own", "fed/ch"]

[[identity]]
name = "prometheus"
secret = "monitor-secret"
monitor = true

[[identity]]
name = "operator"
secret = "admin-secret"
admin = true
)";

/// What needs no secret: nothing else may be added without a thought.
const std::set<std::string> kOpen{"/ping", "/health/live", "/health/ready"};

struct GuardFixture : ApiFixture {
  GuardFixture() { authority.set_file(*AuthFile::parse(kFile)); }

  /// The guard's status for a request; 0: it lets it pass.
  int ask(HttpMethod method, const std::string& target, const std::string& secret) {
    HttpRequest request;
    request.method = method;
    request.path = target.substr(0, target.find('?'));
    if (request.path.size() < target.size()) {
      request.query = QueryParams::parse(target.substr(request.path.size() + 1));
    }
    if (!secret.empty()) request.headers.add("authorization", "Bearer " + secret);
    const auto refusal = guard(request, router()->match(method, request.path));
    return refusal ? refusal->status : 0;
  }

  Authority authority{{}, nsq::Logger()};
  std::function<std::optional<HttpResponse>(const HttpRequest&, const HttpMatch&)> guard =
      make_api_guard(authority, nsq::Logger());
};

/// A path that the route takes.
std::string path_of(const HttpRoute& route) {
  const auto param = route.pattern.find("/:");
  return param == std::string::npos ? route.pattern : route.pattern.substr(0, param) + "/log_level";
}

TEST_CASE("every route but the health checks is closed to strangers", "[http][auth]") {
  GuardFixture api;
  REQUIRE(api.router()->routes().size() > 20);
  for (const auto& route : api.router()->routes()) {
    INFO(to_string(route.method) << " " << route.pattern);
    const int expected = kOpen.contains(route.pattern) ? 0 : 401;
    for (const auto* query : {"", "?topic=mine&channel=ch"}) {
      CHECK(api.ask(route.method, path_of(route) + query, "") == expected);
      CHECK(api.ask(route.method, path_of(route) + query, "wrong") == expected);
      CHECK(api.ask(route.method, path_of(route) + query, "admin-secret2") == expected);
    }
    CHECK(api.ask(route.method, path_of(route), "admin-secret") == 0);
  }
}

TEST_CASE("nor does a stranger learn which paths there are", "[http][auth]") {
  GuardFixture api;
  CHECK(api.ask(HttpMethod::get, "/nowhere", "") == 401);
  CHECK(api.ask(HttpMethod::get, "/pub", "") == 401);
  CHECK(api.ask(HttpMethod::options, "/pub", "") == 401);
  CHECK(api.ask(HttpMethod::get, "/Stats/", "") == 401);
  CHECK(api.ask(HttpMethod::get, "/nowhere", "app-secret") == 0);
}

TEST_CASE("an identity may do what the file says, and no more", "[http][auth]") {
  GuardFixture api;
  const auto may = [&](HttpMethod method, const std::string& target) {
    const int status = api.ask(method, target, "app-secret");
    CHECK((status == 0 || status == 403));
    return status == 0;
  };
  constexpr auto kGet = HttpMethod::get;
  constexpr auto kPost = HttpMethod::post;
  CHECK(may(kPost, "/pub?topic=mine"));
  CHECK(may(kPost, "/mpub?topic=mine"));
  CHECK_FALSE(may(kPost, "/pub?topic=other"));
  CHECK_FALSE(may(kPost, "/pub?topic=other&topic=mine"));
  CHECK_FALSE(may(kPost, "/pub"));
  CHECK(may(kPost, "/topic/create?topic=own"));
  CHECK(may(HttpMethod::put, "/topic/config?topic=own"));
  CHECK_FALSE(may(kPost, "/topic/delete?topic=mine"));
  CHECK_FALSE(may(kPost, "/topic/delete?topic=fed"));
  CHECK(may(kPost, "/channel/pause?topic=fed&channel=ch"));
  CHECK(may(kPost, "/channel/pause?topic=own&channel=any"));
  CHECK_FALSE(may(kPost, "/channel/pause?topic=fed&channel=other"));
  CHECK(may(kGet, "/info"));
  CHECK(may(kGet, "/stats"));
  CHECK_FALSE(may(kGet, "/config/log_level"));
  CHECK_FALSE(may(HttpMethod::put, "/config/log_level"));
  CHECK_FALSE(may(kGet, "/debug/pprof/"));
  CHECK_FALSE(may(kGet, "/debug/pprof/profile"));
  CHECK_FALSE(may(kGet, "/debug/memory"));
}

TEST_CASE("who monitors sees, and changes nothing", "[http][auth]") {
  GuardFixture api;
  for (const auto& route : api.router()->routes()) {
    INFO(to_string(route.method) << " " << route.pattern);
    const bool sees = kOpen.contains(route.pattern) || route.pattern == "/info" ||
                      route.pattern == "/stats" || route.pattern == "/metrics";
    CHECK(api.ask(route.method, path_of(route) + "?topic=mine", "monitor-secret") ==
          (sees ? 0 : 403));
  }
}

TEST_CASE("the scheme's case is free, other schemes are not looked at", "[http][auth]") {
  GuardFixture api;
  const auto identity = [&](std::string_view header) {
    HttpRequest request;
    request.headers.add("Authorization", header);
    const auto found = identify(api.authority, request);
    return found ? found->entry().name : "";
  };
  CHECK(identity("Bearer app-secret") == "app");
  CHECK(identity("bEARER   app-secret") == "app");
  CHECK(identity("Bearer") == "");
  CHECK(identity("Bearer ") == "");
  CHECK(identity("Bearerapp-secret") == "");
  CHECK(identity("Basic app-secret") == "");
  CHECK(identity("app-secret") == "");
}

}  // namespace
}  // namespace nsqd
