#include "nsqd/auth/request.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

namespace nsqd {
namespace {

const Credentials kClient{
    "a b&c", "1.2.3.4", {.tls = true, .common_name = "bill", .verified = false}};

AuthServer server(std::string_view address) {
  auto parsed = parse_auth_server(address);
  REQUIRE(parsed);
  return *parsed;
}

std::string header(const nsq::net::HttpRequestSpec& request, std::string_view name) {
  const auto found =
      std::ranges::find_if(request.headers, [&](const auto& each) { return each.first == name; });
  return found == request.headers.end() ? "" : found->second;
}

TEST_CASE("an address without a scheme is asked at /auth", "[auth]") {
  CHECK(server("auth:4181").name() == "http://auth:4181/auth");
  CHECK(server("auth").name() == "http://auth:80/auth");
  CHECK(server("[::1]:4181").name() == "http://[::1]:4181/auth");
  CHECK(server("[::1]").host == "::1");
}

TEST_CASE("a URL is taken as it is", "[auth]") {
  CHECK(server("http://auth:4181/a/b").target == "/a/b");
  CHECK(server("http://auth").target == "/");
  CHECK(server("http://auth?k=v").target == "/?k=v");
  CHECK(server("http://auth/x?k=v").name() == "http://auth:80/x");
  CHECK(server("http://auth/x#part").target == "/x");
}

TEST_CASE("https, by its address or because the server asks for it", "[auth]") {
  CHECK(server("https://auth/x").name() == "https://auth:443/x");
  CHECK_FALSE(server("http://auth/x").https);
  const auto other = https_instead(server("http://auth:80/x"), R"({"https_port":4443})");
  REQUIRE(other);
  CHECK(other->name() == "https://auth:4443/x");
  CHECK_FALSE(https_instead(server("https://auth/x"), R"({"https_port":4443})"));
  for (const auto* body : {"", "{}", "[]", R"({"https_port":0})", R"({"https_port":65536})",
                           R"({"https_port":"1"})", R"({"https_port":-1})"}) {
    CHECK_FALSE(https_instead(server("http://auth/x"), body));
  }
}

TEST_CASE("user and password of a URL become a header, and stay out of names", "[auth]") {
  const auto with_user = server("http://user:pass@auth:1/x");
  CHECK(with_user.name() == "http://auth:1/x");
  CHECK(header(make_auth_request(with_user, kClient, "get"), "Authorization") ==
        "Basic dXNlcjpwYXNz");
}

TEST_CASE("addresses that cannot be asked", "[auth]") {
  for (const auto* address : {"", "http://", "auth:0", "auth:x", "auth:65536", "ftp://auth"}) {
    CHECK_FALSE(parse_auth_server(address));
  }
  const auto refused = parse_auth_server("http://user:pass@auth:x/");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text().find("pass") == std::string::npos);
}

TEST_CASE("GET has the parameters in the query, by name and form-encoded", "[auth]") {
  const auto request = make_auth_request(server("auth:1"), kClient, "get");
  CHECK(request.method == "GET");
  CHECK(request.target == "/auth?common_name=bill&remote_ip=1.2.3.4&secret=a+b%26c&tls=true");
  CHECK(request.body.empty());
  CHECK(header(request, "Accept") == "application/vnd.nsq; version=1.0");
  const auto odd = make_auth_request(server("http://auth:1/x?k=v"), {}, "get");
  CHECK(odd.target == "/x?k=v?common_name=&remote_ip=&secret=&tls=false");
}

TEST_CASE("POST has them in a JSON object of arrays", "[auth]") {
  const auto request = make_auth_request(
      server("auth:1"), {.secret = "s", .remote_ip = "1.2.3.4", .peer = {}}, "post");
  CHECK(request.method == "POST");
  CHECK(request.target == "/auth");
  CHECK(header(request, "Content-Type") == "application/json");
  CHECK(request.body ==
        R"({"common_name":[""],"remote_ip":["1.2.3.4"],"secret":["s"],"tls":["false"]})");
}

}  // namespace
}  // namespace nsqd
