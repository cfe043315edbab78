#include "clients/nsq/lookup_answer.hpp"

#include <string>

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace nsq;
using namespace nsq::client;

namespace {
const std::string kOne = R"({"remote_address":"1.2.3.4:5","broadcast_address":"h","tcp_port":1})";
const std::vector<Address> kH1{{.host = "h", .port = 1}};
}  // namespace

TEST_CASE("the answers of nsqlookupds, new and old", "[client][discovery]") {
  const auto body = GENERATE(
      R"({"channels":["c"],"producers":[)" + kOne + "]}",
      R"({"status_code":200,"status_txt":"OK","data":{"channels":[],"producers":[)" + kOne + "]}}",
      R"({"producers":[)" + kOne + "," + kOne + "]}");
  CAPTURE(body);
  const auto answer = read_lookup_reply(200, body);
  REQUIRE(answer.has_value());
  CHECK(*answer == LookupAnswer{.nsqds = kH1, .index = std::nullopt});
}

TEST_CASE("an index is read, and nothing else taken for one", "[client][discovery]") {
  const auto with = [](std::string_view index) {
    return read_lookup_reply(200, fmt::format(R"({{"producers":[],"index":{}}})", index));
  };
  CHECK(with("9007199254740991")->index == 9007199254740991);
  CHECK(with("0")->index == 0);
  CHECK(with("-1")->index == std::nullopt);
  CHECK(with("\"1\"")->index == std::nullopt);
}

TEST_CASE("a topic that is not there is an empty answer", "[client][discovery]") {
  const auto answer = read_lookup_reply(404, R"({"message":"TOPIC_NOT_FOUND","index":7})");
  REQUIRE(answer.has_value());
  CHECK(*answer == LookupAnswer{.nsqds = {}, .index = 7});
  CHECK(read_lookup_reply(200, R"({"producers":null})").has_value());
}

TEST_CASE("producers that nobody could connect to are left out", "[client][discovery]") {
  const auto bad = GENERATE(
      as<std::string>(), R"(null)", R"("h:1")", R"({"tcp_port":1})",
      R"({"broadcast_address":"","tcp_port":1})", R"({"broadcast_address":"a b","tcp_port":1})",
      R"({"broadcast_address":"a\nb","tcp_port":1})", R"({"broadcast_address":"h","tcp_port":0})",
      R"({"broadcast_address":"h","tcp_port":65536})",
      R"({"broadcast_address":"h","tcp_port":"1"})", R"({"broadcast_address":7,"tcp_port":1})");
  CAPTURE(bad);
  const auto answer = read_lookup_reply(200, R"({"producers":[)" + bad + "," + kOne + "]}");
  REQUIRE(answer.has_value());
  CHECK(answer->nsqds == kH1);
}

TEST_CASE("an IPv6 broadcast address is an address", "[client][discovery]") {
  const auto answer =
      read_lookup_reply(200, R"({"producers":[{"broadcast_address":"::1","tcp_port":1}]})");
  REQUIRE(answer.has_value());
  REQUIRE(answer->nsqds.size() == 1);
  CHECK(answer->nsqds[0].text() == "[::1]:1");
}

TEST_CASE("what is no answer is an error", "[client][discovery]") {
  const auto [status, body] = GENERATE(table<int, std::string>({
      {200, ""},
      {200, "{"},
      {200, "[]"},
      {200, "{}"},
      {200, R"({"data":null})"},
      {200, R"({"producers":{}})"},
      {200, std::string(100000, '[')},
      {200, "\xff\xfe"},
      {404, ""},
      {404, R"({"message":"NOT_FOUND"})"},
      {500, R"({"producers":[]})"},
      {301, ""},
  }));
  CAPTURE(status, body.substr(0, 20));
  CHECK_FALSE(read_lookup_reply(status, body).has_value());
}

TEST_CASE("an answer that names thousands of nsqds is not believed", "[client][discovery]") {
  std::string body = R"({"producers":[)";
  for (int i = 0; i < 5000; ++i) {
    body += fmt::format(R"({{"broadcast_address":"h{}","tcp_port":1}},)", i);
  }
  body.back() = ']';
  const auto answer = read_lookup_reply(200, body + "}");
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == Errc::out_of_range);
}
