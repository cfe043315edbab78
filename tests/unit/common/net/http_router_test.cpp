#include "common/net/http_router.hpp"

#include <ostream>

#include <catch2/catch.hpp>

namespace nsq::net {

std::ostream& operator<<(std::ostream& out, HttpMatch::Kind kind) {
  return out << static_cast<int>(kind);
}

namespace {

using Kind = HttpMatch::Kind;

/// A part of nsqd's table.
HttpRouter make_router() {
  HttpRouter router;
  const HttpHandler handler = [](HttpRequest&) { return empty_response(); };
  const auto add = [&](HttpMethod method, std::string pattern) {
    HttpRoute route;
    route.method = method;
    route.pattern = std::move(pattern);
    route.handler = handler;
    router.add(std::move(route));
  };
  add(HttpMethod::get, "/ping");
  add(HttpMethod::get, "/stats");
  add(HttpMethod::post, "/pub");
  add(HttpMethod::post, "/topic/create");
  add(HttpMethod::get, "/config/:opt");
  add(HttpMethod::put, "/config/:opt");
  add(HttpMethod::get, "/debug/pprof/");
  return router;
}

TEST_CASE("the routing table answers as upstream's", "[net][http][router]") {
  struct Row {
    HttpMethod method;
    std::string path;
    Kind kind;
    std::string text;
  };
  const auto row = GENERATE(values<Row>({
      {HttpMethod::get, "/ping", Kind::route, ""},
      {HttpMethod::post, "/pub", Kind::route, ""},
      {HttpMethod::get, "/config/log_level", Kind::route, "log_level"},
      {HttpMethod::put, "/config/a", Kind::route, "a"},
      {HttpMethod::get, "/debug/pprof/", Kind::route, ""},
      {HttpMethod::get, "/nope", Kind::not_found, ""},
      {HttpMethod::get, "/", Kind::not_found, ""},
      {HttpMethod::get, "", Kind::not_found, ""},
      {HttpMethod::get, "ping", Kind::not_found, ""},
      {HttpMethod::get, "/config/", Kind::not_found, ""},
      {HttpMethod::get, "/config/a/b", Kind::not_found, ""},
      {HttpMethod::get, "/pub", Kind::method_not_allowed, "OPTIONS, POST"},
      {HttpMethod::head, "/ping", Kind::method_not_allowed, "GET, OPTIONS"},
      {HttpMethod::post, "/stats", Kind::method_not_allowed, "GET, OPTIONS"},
      {HttpMethod::other, "/stats", Kind::method_not_allowed, "GET, OPTIONS"},
      {HttpMethod::post, "/config/a", Kind::method_not_allowed, "GET, OPTIONS, PUT"},
      {HttpMethod::options, "/pub", Kind::options, "OPTIONS, POST"},
      {HttpMethod::options, "/nope", Kind::not_found, ""},
      {HttpMethod::get, "/stats/", Kind::redirect, "/stats"},
      {HttpMethod::get, "/STATS", Kind::redirect, "/stats"},
      {HttpMethod::get, "/debug/pprof", Kind::redirect, "/debug/pprof/"},
      {HttpMethod::post, "/pub/", Kind::redirect, "/pub"},
      {HttpMethod::post, "/topic//create", Kind::redirect, "/topic/create"},
      {HttpMethod::post, "/x/../topic/./Create/", Kind::redirect, "/topic/create"},
      {HttpMethod::get, "//ping", Kind::redirect, "/ping"},
      {HttpMethod::get, "/../ping", Kind::redirect, "/ping"},
      {HttpMethod::get, "/CONFIG/Log_Level/", Kind::redirect, "/config/Log_Level"},
      {HttpMethod::put, "/stats/", Kind::not_found, ""},
      {HttpMethod::post, "/STATS", Kind::not_found, ""},
  }));
  CAPTURE(static_cast<int>(row.method), row.path);
  const HttpRouter router = make_router();
  const HttpMatch match = router.match(row.method, row.path);
  CHECK(match.kind == row.kind);
  CHECK(match.text == row.text);
  CHECK((match.route != nullptr) == (row.kind == Kind::route));
}

}  // namespace
}  // namespace nsq::net
