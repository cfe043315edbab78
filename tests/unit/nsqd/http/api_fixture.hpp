#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "nsqd/http/api.hpp"
#include "tests/unit/nsqd/stats/broker_fixture.hpp"

namespace nsqd {

/// The API on a real broker, called through its router without sockets.
struct ApiFixture : BrokerFixture {
  explicit ApiFixture(Options given = {}) : options(std::move(given)) {}

  /// The route's answer once everything is committed.
  nsq::net::HttpResponse call(nsq::net::HttpMethod method, std::string_view target,
                              std::string body = {}) {
    auto response = begin(method, target, std::move(body));
    if (response) return std::move(*response);
    static_cast<void>(commits->commit());
    io.restart();
    io.poll();
    return std::move(waiting_).value();
  }
  nsq::net::HttpResponse get(std::string_view target) {
    return call(nsq::net::HttpMethod::get, target);
  }
  nsq::net::HttpResponse put(std::string_view target, std::string body) {
    return call(nsq::net::HttpMethod::put, target, std::move(body));
  }
  nsq::net::HttpResponse post(std::string_view target, std::string body = {}) {
    return call(nsq::net::HttpMethod::post, target, std::move(body));
  }

  /// The answer if it is there before the commit.
  std::optional<nsq::net::HttpResponse> begin(nsq::net::HttpMethod method, std::string_view target,
                                              std::string body = {}) {
    using namespace nsq::net;
    request_ = {};
    request_.method = method;
    request_.target = target;
    request_.body = std::move(body);
    request_.path = target.substr(0, target.find('?'));
    if (request_.path.size() < target.size()) {
      request_.query = QueryParams::parse(target.substr(request_.path.size() + 1));
    }
    const HttpMatch match = router()->match(method, request_.path);
    REQUIRE(match.kind == HttpMatch::Kind::route);
    request_.param = match.text;
    if (request_.body.size() > match.route->max_body_bytes) return match.route->too_large;
    if (const auto* handler = std::get_if<HttpHandler>(&match.route->handler)) {
      return (*handler)(request_);
    }
    waiting_.reset();
    boost::asio::co_spawn(
        io, std::get<HttpAsyncHandler>(match.route->handler)(request_),
        [this](std::exception_ptr, HttpResponse answer) { waiting_ = std::move(answer); });
    io.restart();
    io.poll();
    return std::exchange(waiting_, std::nullopt);
  }

  const nsq::net::HttpRouter* router() {
    if (!router_) {
      router_ = make_api_router({.broker = broker,
                                 .clients = clients,
                                 .commits = *commits,
                                 .options = options,
                                 .info = info,
                                 .health = health,
                                 .settings = settings,
                                 .background = io.get_executor(),
                                 .logger = logger});
    }
    return router_.get();
  }

  std::uint64_t depth(std::string_view name) {
    const auto found = broker.find_topic(name);
    REQUIRE(found);
    return found->stats({}, false).depth;
  }

  Options options;
  DaemonInfo info{.start_time = now.wall,
                  .hostname = "box",
                  .broadcast_address = "b.example",
                  .tcp_port = 4150,
                  .http_port = 4151};
  ClientRegistry clients;
  Health health;
  RuntimeSettings settings{{"l:4160"}};
  nsq::Logger logger;
  boost::asio::io_context io;

 private:
  std::shared_ptr<const nsq::net::HttpRouter> router_;
  nsq::net::HttpRequest request_;
  std::optional<nsq::net::HttpResponse> waiting_;
};

/// Status and body in one text, for tables: `404 {"message":"NOT_FOUND"}`.
inline std::string summary(const nsq::net::HttpResponse& response) {
  return std::to_string(response.status) + " " + response.body;
}

/// The summary of an error answer.
inline std::string error(int status, std::string_view code) {
  return std::to_string(status) + " {\"message\":\"" + std::string(code) + "\"}";
}

}  // namespace nsqd
