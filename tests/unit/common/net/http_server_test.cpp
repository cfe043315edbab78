#include "common/net/http_server.hpp"

#include <stdexcept>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "tests/unit/common/net/http_fixture.hpp"

namespace nsq::net {
namespace {

namespace asio = boost::asio;
using test::api_error;
using test::chunked;

constexpr std::size_t kMaxBody = 10'000;

asio::awaitable<HttpResponse> later_echo(HttpRequest& request) {
  co_await asio::post(asio::use_awaitable);
  co_return text_response("later " + std::move(request.body));
}

/// Just too large to be copied behind its headers.
constexpr std::size_t kLaterLarge = 64_KiB + 1;

asio::awaitable<HttpResponse> later_large(HttpRequest&) {
  co_await asio::post(asio::use_awaitable);
  co_return text_response(std::string(kLaterLarge, 'y'));
}

asio::awaitable<HttpResponse> later_throw(HttpRequest&) {
  co_await asio::post(asio::use_awaitable);
  throw std::runtime_error("later bang");
}

/// Answers when it is cancelled, thus never.
asio::awaitable<HttpResponse> never(HttpRequest&) {
  asio::steady_timer timer(co_await asio::this_coro::executor, MonoTime::max());
  co_await timer.async_wait(asio::use_awaitable);
  co_return empty_response();
}

HttpRouter make_router() {
  HttpRouter router;
  const auto add = [&](HttpMethod method, std::string pattern, auto handler) {
    HttpRoute route;
    route.method = method;
    route.pattern = std::move(pattern);
    route.handler = std::move(handler);
    route.max_body_bytes = kMaxBody;
    route.too_large = error_response(413, "MSG_TOO_BIG");
    route.access_log = route.pattern != "/pub";
    router.add(std::move(route));
  };
  add(HttpMethod::get, "/ping", HttpHandler([](HttpRequest&) {
        HttpResponse response = text_response("OK");
        response.skip_api_header = true;
        return response;
      }));
  add(HttpMethod::get, "/stats", HttpHandler([](HttpRequest& request) {
        return json_response(std::string(request.query.find("topic").value_or("none")));
      }));
  add(HttpMethod::post, "/pub", HttpHandler([](HttpRequest& request) {
        if (request.query_error()) return error_response(400, "INVALID_REQUEST");
        return text_response("got " + request.body);
      }));
  add(HttpMethod::post, "/later", HttpAsyncHandler(later_echo));
  add(HttpMethod::get, "/config/:opt",
      HttpHandler([](HttpRequest& request) { return text_response(request.param); }));
  add(HttpMethod::get, "/remote",
      HttpHandler([](HttpRequest& request) { return text_response(request.remote); }));
  add(HttpMethod::get, "/bang",
      HttpHandler([](HttpRequest&) -> HttpResponse { throw std::runtime_error("bang"); }));
  add(HttpMethod::get, "/later-bang", HttpAsyncHandler(later_throw));
  add(HttpMethod::get, "/never", HttpAsyncHandler(never));
  add(HttpMethod::get, "/large",
      HttpHandler([](HttpRequest&) { return text_response(std::string(8 << 20, 'x')); }));
  add(HttpMethod::get, "/later-large", HttpAsyncHandler(later_large));
  return router;
}

std::string get(std::string_view target, std::string_view headers = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n";
}

std::string post(std::string_view target, std::string_view body) {
  return "POST " + std::string(target) +
         " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

std::string post_chunked(std::string_view target, std::string_view headers = "") {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n" +
         std::string(headers) + "\r\n";
}

TEST_CASE("a connection serves one request after the other", "[net][http][server]") {
  HttpFixture server(make_router(), {}, GENERATE(0, 2));
  auto client = server.client();
  for (int i = 0; i < 3; ++i) {
    const auto reply = client.request("POST", "/pub?topic=t", "body");
    CHECK(reply.status == 200);
    CHECK(reply.body == "got body");
    CHECK(reply.header("content-type") == "text/plain; charset=utf-8");
    CHECK(reply.header("x-nsq-content-type") == "nsq; version=1.0");
    CHECK(reply.header("connection").empty());
    CHECK(reply.header("date").ends_with(" GMT"));
  }
  CHECK(client.request("GET", "/stats?topic=a%20b").body == "a b");
  CHECK(client.request("GET", "http://h/stats?topic=x").body == "x");
  CHECK(client.request("GET", "/con%66ig/opt").body == "opt");
  CHECK(client.request("GET", "/remote").body.starts_with("127.0.0.1:"));
  CHECK(client.request("POST", "/later", "x").body == "later x");
  const auto ping = client.request("GET", "/ping");
  CHECK(ping.body == "OK");
  CHECK(ping.header("x-nsq-content-type").empty());
}

TEST_CASE("errors, redirects and OPTIONS answer as the specification says", "[net][http][server]") {
  HttpFixture server(make_router());
  auto client = server.client();
  const auto nope = client.request("GET", "/nope");
  CHECK(nope.status == 404);
  CHECK(nope.body == api_error("NOT_FOUND"));
  CHECK(nope.header("content-type") == "application/json; charset=utf-8");
  CHECK(nope.header("x-nsq-content-type") == "nsq; version=1.0");

  const auto wrong = client.request("GET", "/pub");
  CHECK(wrong.status == 405);
  CHECK(wrong.body == api_error("METHOD_NOT_ALLOWED"));
  CHECK(wrong.header("allow") == "OPTIONS, POST");

  client.send("HEAD /ping HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(client.read(true).status == 405);

  const auto options = client.request("OPTIONS", "/stats");
  CHECK(options.status == 200);
  CHECK(options.body.empty());
  CHECK(options.header("allow") == "GET, OPTIONS");
  CHECK(options.header("x-nsq-content-type").empty());
  CHECK(client.request("OPTIONS", "*").status == 200);

  const auto moved = client.request("GET", "/STATS/?topic=a;b");
  CHECK(moved.status == 301);
  CHECK(moved.header("location") == "/stats?topic=a;b");
  CHECK(moved.header("x-nsq-content-type").empty());
  const auto moved_post = client.request("POST", "/pub/?topic=x", "discarded");
  CHECK(moved_post.status == 308);
  CHECK(moved_post.header("location") == "/pub?topic=x");

  CHECK(client.request("POST", "/pub?a;b", "x").body == api_error("INVALID_REQUEST"));
  CHECK(client.request("POST", "/pub?topic=%zz", "x").body == api_error("INVALID_REQUEST"));
}

TEST_CASE("what a handler throws is logged and answered with 500", "[net][http][server]") {
  HttpFixture server(make_router());
  auto client = server.client();
  for (const std::string path : {"/bang", "/later-bang"}) {
    const auto reply = client.request("GET", path);
    CHECK(reply.status == 500);
    CHECK(reply.body == api_error("INTERNAL_ERROR"));
  }
  CHECK(server.log().has("GET /bang - bang"));
  CHECK(server.log().has("GET /later-bang - later bang"));
  CHECK(client.request("GET", "/ping").status == 200);
}

TEST_CASE("pipelined requests are answered in order", "[net][http][server]") {
  HttpFixture server(make_router());
  auto client = server.client();
  std::string batch;
  for (int i = 0; i < 300; ++i) {
    batch += post(i % 3 == 0 ? "/later" : "/pub", std::to_string(i));
  }
  client.send(batch);
  for (int i = 0; i < 300; ++i) {
    CHECK(client.read().body == (i % 3 == 0 ? "later " : "got ") + std::to_string(i));
  }
}

TEST_CASE("a request may come byte by byte", "[net][http][server]") {
  HttpFixture server(make_router());
  auto client = server.client();
  for (const char byte : post("/pub", "slow")) client.send(std::string(1, byte));
  CHECK(client.read().body == "got slow");
  for (const char byte : post_chunked("/pub") + chunked("slower")) {
    client.send(std::string(1, byte));
  }
  CHECK(client.read().body == "got slower");
}

TEST_CASE("chunked bodies are put together", "[net][http][server]") {
  HttpFixture server(make_router());
  auto client = server.client();
  client.send(post_chunked("/pub") + "2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nTrailer: 1\r\n\r\n" +
              get("/ping"));
  CHECK(client.read().body == "got abcde");
  CHECK(client.read().body == "OK");
}

TEST_CASE("a body of the limit passes, one byte more is refused", "[net][http][server]") {
  HttpFixture server(make_router());
  const bool in_chunks = GENERATE(false, true);
  auto client = server.client();
  const std::string most(kMaxBody, 'x');
  client.send(in_chunks ? post_chunked("/pub") + chunked(most) : post("/pub", most));
  CHECK(client.read().status == 200);
  client.send(in_chunks ? post_chunked("/pub") + chunked(most + "x") : post("/pub", most + "x"));
  const auto reply = client.read();
  CHECK(reply.status == 413);
  CHECK(reply.body == api_error("MSG_TOO_BIG"));
  CHECK(reply.header("connection") == "close");
  CHECK(client.at_end());
}

TEST_CASE("a Content-Length over the limit is refused before the body comes",
          "[net][http][server]") {
  HttpFixture server(make_router());
  auto client = server.client();
  client.send("POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 10001\r\n\r\n");
  CHECK(client.read().status == 413);
  CHECK(client.at_end());
}

TEST_CASE("Expect: 100-continue is answered before the body", "[net][http][server]") {
  HttpFixture server(make_router());
  auto client = server.client();
  client.send("POST /pub HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n");
  auto continued = client.read(true);
  CHECK(continued.status == 100);
  client.send("ok");
  CHECK(client.read().body == "got ok");

  client.send(
      "POST /pub HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nab");
  CHECK(client.read().body == "got ab");  // the body was there: nothing to wait for

  client.send("POST /no HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.read().status == 404);
  CHECK(client.at_end());
}

TEST_CASE("HTTP/1.0 closes unless it is asked to keep alive", "[net][http][server]") {
  HttpFixture server(make_router());
  auto client = server.client();
  client.send("GET /ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(client.read().header("connection") == "keep-alive");
  client.send("GET /ping HTTP/1.0\r\n\r\n");
  CHECK(client.read().header("connection") == "close");
  CHECK(client.at_end());
}

TEST_CASE("Connection: close ends an HTTP/1.1 connection", "[net][http][server]") {
  HttpFixture server(make_router());
  auto client = server.client();
  client.send(get("/ping", "Connection: close\r\n"));
  CHECK(client.read().header("connection") == "close");
  CHECK(client.at_end());
}

TEST_CASE("what is not HTTP is refused and the connection closed", "[net][http][server]") {
  HttpFixture server(make_router());
  struct Row {
    std::string bytes;
    int status;
  };
  const auto row = GENERATE(values<Row>({
      {"  V2", 400},
      {"GET /ping\r\n\r\n", 400},
      {"GET /ping HTTP/2.0\r\n\r\n", 400},
      {"GET /ping HTTP/1.1\r\n\r\n", 400},
      {"GET /p%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /ping HTTP/1.1\r\nHost: h\r\nbad header\r\n\r\n", 400},
      {"POST /pub HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST /pub HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"POST /pub HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"POST /pub HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"GET /ping HTTP/1.1\r\nHost: h\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n", 431},
  }));
  CAPTURE(row.bytes.substr(0, 100));
  auto client = server.client();
  client.send(row.bytes);
  const auto reply = client.read();
  CHECK(reply.status == row.status);
  CHECK(reply.header("connection") == "close");
  CHECK(client.at_end());
}

TEST_CASE("a client that half-closes still gets its answers", "[net][http][server]") {
  HttpFixture server(make_router());
  auto socket = server.connect();
  socket.send(post("/later", "a") + get("/ping"));
  socket.shutdown_write();
  test::SimpleHttp client(std::move(socket));
  CHECK(client.read().body == "later a");
  CHECK(client.read().body == "OK");
  CHECK(client.at_end());
}

TEST_CASE("a client that reads late gets large answers whole", "[net][http][server]") {
  HttpFixture server(make_router());
  auto slow = server.client();
  slow.send(get("/large") + get("/large") + get("/ping"));
  CHECK(server.client().request("GET", "/ping").body == "OK");  // others are served meanwhile
  CHECK(slow.read().body.size() == 8 << 20);
  CHECK(slow.read().body.size() == 8 << 20);
  CHECK(slow.read().body == "OK");
}

TEST_CASE("large and small answers keep their order", "[net][http][server]") {
  HttpFixture server(make_router());
  auto client = server.client();
  std::string batch;
  constexpr int kRounds = 5;
  for (int i = 0; i < kRounds; ++i) {
    batch += get("/ping") + get("/later-large") + get("/large") + post("/later", "x");
  }
  client.send(batch + get("/later-large", "Connection: close\r\n") + get("/ping"));
  for (int i = 0; i < kRounds; ++i) {
    CHECK(client.read().body == "OK");
    CHECK(client.read().body == std::string(kLaterLarge, 'y'));
    CHECK(client.read().body.size() == 8 << 20);
    CHECK(client.read().body == "later x");
  }
  CHECK(client.read().body.size() == kLaterLarge);
  CHECK(client.at_end());
}

TEST_CASE("the access log sees what is answered, but not what is left out", "[net][http][server]") {
  Mutex mutex;
  std::vector<std::string> lines;
  bool plausible = true;
  HttpServerOptions options;
  options.access_log = [&](const HttpAccess& access) {
    const MutexLock lock(mutex);
    plausible =
        plausible && access.elapsed >= Nanoseconds(0) && access.remote.starts_with("127.0.0.1:");
    lines.push_back(std::to_string(access.status) + " " + std::string(access.method) + " " +
                    std::string(access.target));
  };
  {
    HttpFixture server(make_router(), options);
    auto client = server.client();
    for (const std::string target : {"/ping?a=b", "/nope", "/stats/", "/pub"}) {
      (void)client.request("GET", target);
    }
    (void)client.request("POST", "/pub", "x");
    (void)client.request("OPTIONS", "/pub");
    (void)client.request("POST", "/later", "x");
  }
  CHECK(plausible);
  CHECK(lines == std::vector<std::string>{"200 GET /ping?a=b", "404 GET /nope", "405 GET /pub",
                                          "200 POST /later"});
}

TEST_CASE("a server may refuse everything", "[net][http][server]") {
  HttpServerOptions options;
  options.refuse_with = json_response(R"({"message": "TLS_REQUIRED", "https_port": 1})", 403);
  HttpFixture server(make_router(), options);
  auto client = server.client();
  for (const std::string target : {"/ping", "/nope", "/STATS"}) {
    const auto reply = client.request("POST", target, "x");
    CHECK(reply.status == 403);
    CHECK(reply.body == R"({"message": "TLS_REQUIRED", "https_port": 1})");
    CHECK(reply.header("x-nsq-content-type") == "nsq; version=1.0");
  }
}

TEST_CASE("stopping ends idle connections and cancels what does not end", "[net][http][server]") {
  HttpFixture server(make_router(), {}, GENERATE(0, 2));
  auto idle = server.client();
  CHECK(idle.request("GET", "/ping").status == 200);
  auto busy = server.client();
  busy.send(get("/never"));
  auto slow = server.connect();
  slow.send("GET /pi");
  const auto stopped = server.stop(Milliseconds(100));
  CHECK(idle.at_end());
  CHECK(stopped.wait_for(test::kDeadline) == std::future_status::ready);
  CHECK(busy.at_end());
  CHECK(slow.receive().empty());
  CHECK_THROWS(server.connect());
}

TEST_CASE("a request that has begun is answered while the server stops", "[net][http][server]") {
  HttpFixture server(make_router());
  auto idle = server.client();
  CHECK(idle.request("GET", "/ping").status == 200);
  auto socket = server.connect();
  socket.send("POST /pub HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  test::SimpleHttp client(std::move(socket));
  CHECK(client.read(true).status == 100);  // the server has seen the request
  const auto stopped = server.stop(test::kDeadline);
  CHECK(idle.at_end());  // it has begun to stop
  client.send("ab");
  const auto reply = client.read();
  CHECK(reply.body == "got ab");
  CHECK(reply.header("connection") == "close");
  CHECK(client.at_end());
  CHECK(stopped.wait_for(test::kDeadline) == std::future_status::ready);
}

}  // namespace
}  // namespace nsq::net
