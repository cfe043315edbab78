#include "common/net/http_client.hpp"

#include <string>
#include <thread>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "tests/support/run.hpp"
#include "tests/support/socket.hpp"
#include "tests/unit/common/net/http_fixture.hpp"

namespace nsq::net {
namespace {

namespace asio = boost::asio;

asio::awaitable<HttpResponse> never(HttpRequest&) {
  asio::steady_timer timer(co_await asio::this_coro::executor, MonoTime::max());
  co_await timer.async_wait(asio::use_awaitable);
  co_return empty_response();
}

HttpRouter make_router() {
  HttpRouter router;
  const auto echo = [](HttpRequest& request) {
    HttpResponse response = text_response(request.body);
    const auto host = request.headers.find("Host");
    response.headers.emplace_back("X-Host", host.value_or(""));
    response.headers.emplace_back("X-Mine", request.headers.find("mine").value_or(""));
    return response;
  };
  const auto add = [&](HttpMethod method, std::string pattern, auto handler) {
    HttpRoute route;
    route.method = method;
    route.pattern = std::move(pattern);
    route.handler = std::move(handler);
    route.max_body_bytes = 1000;
    router.add(std::move(route));
  };
  add(HttpMethod::post, "/echo", HttpHandler(echo));
  add(HttpMethod::get, "/never", HttpAsyncHandler(never));
  return router;
}

HttpRequestSpec make_spec(const HttpFixture& server) {
  HttpRequestSpec spec;
  spec.host = "127.0.0.1";
  spec.port = server.port();
  spec.connect_timeout = test::kDeadline;
  spec.request_timeout = test::kDeadline;
  return spec;
}

TEST_CASE("a request brings status, headers and body", "[net][http][client]") {
  const HttpFixture server(make_router());
  auto spec = make_spec(server);
  spec.method = "POST";
  spec.target = "/echo?x=y";
  spec.body = "hello";
  spec.headers = {{"Mine", "1"}};
  const auto reply = test::run(http_request(spec));
  REQUIRE(reply.has_value());
  CHECK(reply->status == 200);
  CHECK(reply->body == "hello");
  CHECK(reply->headers.find("x-host") == "127.0.0.1:" + std::to_string(server.port()));
  CHECK(reply->headers.find("X-Mine") == "1");
}

TEST_CASE("any status is a reply, even to a refused upload", "[net][http][client]") {
  const HttpFixture server(make_router());
  auto spec = make_spec(server);
  spec.method = "POST";
  spec.target = "/echo";
  spec.body = std::string(4 << 20, 'x');
  const auto refused = test::run(http_request(spec));
  REQUIRE(refused.has_value());
  CHECK(refused->status == 413);
  spec = make_spec(server);
  spec.method = "HEAD";
  spec.target = "/echo";
  const auto head = test::run(http_request(spec));
  REQUIRE(head.has_value());
  CHECK(head->status == 405);
}

TEST_CASE("an answer that does not come in time is an error", "[net][http][client]") {
  const HttpFixture server(make_router());
  auto spec = make_spec(server);
  spec.target = "/never";
  spec.request_timeout = Milliseconds(1);
  const auto reply = test::run(http_request(spec));
  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().code == Errc::timed_out);
  CHECK(reply.error().text().contains("/never: timed out"));
}

TEST_CASE("an answer over the client's limit is an error", "[net][http][client]") {
  const HttpFixture server(make_router());
  auto spec = make_spec(server);
  spec.method = "POST";
  spec.target = "/echo";
  spec.body = "12345";
  spec.max_reply_bytes = 4;
  const auto reply = test::run(http_request(spec));
  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().code == Errc::out_of_range);
}

TEST_CASE("a server that closes without a word is an error", "[net][http][client]") {
  test::Acceptor server;
  const std::jthread closer([&] {
    test::Socket socket = server.accept();
    while (socket.receive().find("\r\n\r\n") == std::string::npos) {
    }
    socket.shutdown_write();
    while (!socket.receive().empty()) {
    }
  });
  HttpRequestSpec spec;
  spec.host = "127.0.0.1";
  spec.port = server.port();
  spec.connect_timeout = test::kDeadline;
  spec.request_timeout = test::kDeadline;
  const auto reply = test::run(http_request(spec));
  REQUIRE_FALSE(reply.has_value());
}

TEST_CASE("nobody listening is an error that names the URL", "[net][http][client]") {
  HttpRequestSpec spec;
  {
    const HttpFixture server(make_router());
    spec = make_spec(server);
  }
  const auto reply = test::run(http_request(spec));
  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().text().starts_with("GET http://127.0.0.1:"));
  CHECK(reply.error().text().ends_with("connect: connection refused"));
}

}  // namespace
}  // namespace nsq::net
