#include "tests/integration/every_route.hpp"

#include "nsqlookupd/http/api.hpp"
#include "tests/unit/nsqd/http/api_fixture.hpp"
#include "tests/unit/nsqlookupd/registry/registry_fixture.hpp"

namespace nsq::test {
namespace {

std::string target_of(const net::HttpRoute& route) {
  const auto param = route.pattern.find("/:");
  std::string path = route.pattern.substr(0, param);
  if (param != std::string::npos) path += "/log_level";
  return path + "?topic=orders&channel=billing&node=localhost:4151&format=json";
}

std::string body_of(const net::HttpRoute& route) {
  if (route.method == net::HttpMethod::get) return {};
  if (route.pattern == "/topic/config") return R"({"durability":"memory"})";
  return "debug";
}

std::vector<ApiRequest> requests_of(const net::HttpRouter& router) {
  std::vector<ApiRequest> all;
  for (const net::HttpRoute& route : router.routes()) {
    all.push_back({.method = std::string(net::to_string(route.method)),
                   .pattern = route.pattern,
                   .target = target_of(route),
                   .body = body_of(route)});
  }
  return all;
}

}  // namespace

std::string ApiRequest::bytes(const std::string& secret) const {
  std::string head =
      method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  if (!secret.empty()) head += "Authorization: Bearer " + secret + "\r\n";
  return head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::vector<ApiRequest> nsqd_requests() {
  return requests_of(*nsqd::ApiFixture().router());
}

std::vector<ApiRequest> nsqlookupd_requests() {
  nsqlookupd::RegistryFixture fixture;
  boost::asio::io_context io;
  nsqlookupd::LookupWaiters waiters(io.get_executor());
  return requests_of(*nsqlookupd::make_api_router({fixture.registry, waiters, Logger()}));
}

}  // namespace nsq::test
