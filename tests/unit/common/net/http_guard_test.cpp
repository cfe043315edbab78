// What a server's guard refuses, and what that costs.

#include <atomic>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "tests/unit/common/net/http_fixture.hpp"

namespace nsq::net {
namespace {

namespace asio = boost::asio;
using test::api_error;
using test::chunked;

constexpr std::size_t kMaxBody = 8_MiB;
constexpr std::string_view kKey = "X-Key: yes\r\n";

asio::awaitable<HttpResponse> later_echo(HttpRequest& request) {
  co_await asio::post(asio::use_awaitable);
  co_return text_response("later " + std::move(request.body));
}

HttpRouter make_router() {
  HttpRouter router;
  router.add({.method = HttpMethod::get, .pattern = "/ping", .handler = HttpHandler([](auto&) {
                                                               return text_response("OK");
                                                             })});
  router.add({.method = HttpMethod::post,
              .pattern = "/pub",
              .handler = HttpHandler(
                  [](HttpRequest& request) { return text_response("got " + request.body); }),
              .max_body_bytes = kMaxBody});
  router.add({.method = HttpMethod::post,
              .pattern = "/later",
              .handler = HttpAsyncHandler(later_echo),
              .max_body_bytes = kMaxBody});
  return router;
}

/// A server whose guard wants the key, and counts.
struct Guarded {
  Guarded() : server(make_router(), options()) {}

  HttpServerOptions options() {
    HttpServerOptions options;
    options.drain_time = test::kDeadline;
    options.guard = [this](const HttpRequest& request,
                           const HttpMatch& match) -> std::optional<HttpResponse> {
      ++asked;
      if (!request.body.empty()) saw_body = true;
      if (request.remote.empty()) saw_stranger = true;
      if (request.headers.find("X-Key")) return std::nullopt;
      return error_response(match.route ? 401 : 403, "UNAUTHORIZED");
    };
    return options;
  }

  std::atomic<int> asked = 0;
  std::atomic<bool> saw_body = false;
  std::atomic<bool> saw_stranger = false;  // a request that does not say from where it came
  HttpFixture server;
};

std::string head(std::string_view start, std::string_view headers) {
  return std::string(start) + " HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n";
}

std::string post(std::string_view target, std::string_view body, std::string_view headers = "") {
  const auto length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return head("POST " + std::string(target), length + std::string(headers)) + std::string(body);
}

TEST_CASE("a refused request is answered before its body comes", "[net][http][guard]") {
  Guarded guarded;
  auto client = guarded.server.client();
  const auto* body = GENERATE("Content-Length: 5242880\r\n", "Transfer-Encoding: chunked\r\n",
                              "Content-Length: 5242880\r\nExpect: 100-continue\r\n");
  client.send(head(GENERATE("POST /pub", "POST /later", "POST /nope"), body));
  const auto reply = client.read();
  CHECK((reply.status == 401 || reply.status == 403));
  CHECK(reply.body == api_error("UNAUTHORIZED"));
  CHECK(reply.header("connection") == "close");
  CHECK(client.at_end());
  CHECK(guarded.asked == 1);
}

TEST_CASE("who sends on gets to see the refusal", "[net][http][guard]") {
  Guarded guarded;
  auto client = guarded.server.client();
  client.send(post("/pub", std::string(5_MiB, 'x')));  // all of it, before anything is read
  CHECK(client.read().status == 401);
  CHECK(client.at_end());
}

TEST_CASE("a refused request without a body costs nothing but its answer", "[net][http][guard]") {
  Guarded guarded;
  auto client = guarded.server.client();
  for (int i = 0; i < 2; ++i) {
    CHECK(client.request("GET", "/ping").status == 401);
    CHECK(client.request("POST", "/pub").status == 401);
    CHECK(client.request("GET", "/nope").status == 403);
    CHECK(client.request("GET", "/ping", {}, {"X-Key: yes"}).status == 200);
  }
  CHECK(guarded.asked == 8);
}

TEST_CASE("what came behind a refused body is not taken for a request", "[net][http][guard]") {
  Guarded guarded;
  auto client = guarded.server.client();
  client.send(post("/pub", "one", kKey) + post("/later", "two", kKey) +
              post("/pub", head("GET /ping", kKey)) + head("GET /ping", kKey));
  CHECK(client.read().body == "got one");
  CHECK(client.read().body == "later two");
  CHECK(client.read().status == 401);
  CHECK(client.at_end());
}

TEST_CASE("an admitted request is asked about once, however it comes", "[net][http][guard]") {
  Guarded guarded;
  auto client = guarded.server.client();
  CHECK(client.request("POST", "/pub", std::string(1_MiB, 'x'), {"X-Key: yes"}).body.size() ==
        4 + 1_MiB);
  for (const char byte : post("/later", "slow", kKey)) client.send(std::string(1, byte));
  CHECK(client.read().body == "later slow");
  client.send(head("POST /pub", std::string(kKey) + "Transfer-Encoding: chunked\r\n") +
              chunked("in pieces"));
  CHECK(client.read().body == "got in pieces");
  client.send(
      head("POST /pub", std::string(kKey) + "Content-Length: 2\r\nExpect: 100-continue\r\n"));
  CHECK(client.read(true).status == 100);
  client.send("ok");
  CHECK(client.read().body == "got ok");
  CHECK(guarded.asked == 4);
  CHECK_FALSE(guarded.saw_body);
  CHECK_FALSE(guarded.saw_stranger);
}

TEST_CASE("a body over the limit is refused whoever sends it", "[net][http][guard]") {
  Guarded guarded;
  auto client = guarded.server.client();
  const std::string length = "Content-Length: " + std::to_string(kMaxBody + 1) + "\r\n";
  client.send(head("POST /pub", std::string(kKey) + length));
  CHECK(client.read().status == 413);
  auto stranger = guarded.server.client();
  stranger.send(head("POST /pub", length));
  CHECK(stranger.read().status == 401);
}

}  // namespace
}  // namespace nsq::net
