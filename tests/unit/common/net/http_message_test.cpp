#include "common/net/http_message.hpp"

#include <catch2/catch.hpp>

namespace nsq::net {
namespace {

TEST_CASE("query parameters are decoded, and the first of equal names counts", "[net][http]") {
  const auto query = QueryParams::parse("topic=a%20b&empty=&topic=c&bare&plus=x+y&&e=1=2");
  CHECK_FALSE(query.has_error());
  CHECK(query.find("topic") == "a b");
  CHECK(query.find("empty") == "");
  CHECK(query.find("bare") == "");
  CHECK(query.find("plus") == "x y");
  CHECK(query.find("e") == "1=2");
  CHECK_FALSE(query.find("").has_value());
  CHECK_FALSE(query.find("Topic").has_value());
}

TEST_CASE("a semicolon or a bad escape marks the query as wrong", "[net][http]") {
  const auto raw = GENERATE(as<std::string>{}, "a=1;b=2", ";", "a=%", "a=%2", "a=%zz", "%g0=1");
  CAPTURE(raw);
  const auto query = QueryParams::parse(raw + "&ok=1");
  CHECK(query.has_error());
  CHECK(query.find("ok") == "1");
  CHECK(query.size() == 1);
}

TEST_CASE("an escape at the very end is decoded", "[net][http]") {
  CHECK(QueryParams::parse("a=%41").find("a") == "A");
}

TEST_CASE("header names compare without regard to case", "[net][http]") {
  HttpHeaders headers;
  headers.add("Content-Type", "text/plain");
  headers.add("X-A", "1");
  headers.add("x-a", "2");
  CHECK(headers.find("content-TYPE") == "text/plain");
  CHECK(headers.find("X-a") == "1");
  CHECK_FALSE(headers.find("X").has_value());
  CHECK(headers.size() == 3);
}

TEST_CASE("method names are case-sensitive", "[net][http]") {
  const auto name = GENERATE("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH");
  CHECK(to_string(parse_http_method(name)) == name);
  CHECK(parse_http_method("get") == HttpMethod::other);
}

TEST_CASE("an error answer is JSON with its code", "[net][http]") {
  const auto response = error_response(400, "INVALID_TOPIC");
  CHECK(response.status == 400);
  CHECK(response.body == R"({"message":"INVALID_TOPIC"})");
  CHECK(response.content_type == "application/json; charset=utf-8");
}

}  // namespace
}  // namespace nsq::net
