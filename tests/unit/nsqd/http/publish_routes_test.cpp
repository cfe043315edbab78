#include <string>

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/http/api_fixture.hpp"

namespace nsqd {
namespace {

using nsq::net::HttpMethod;
using std::string_literals::operator""s;

Options small_limits() {
  Options options;
  options.max_msg_size = 10;
  options.max_body_size = 30;
  return options;
}

TEST_CASE("/pub checks its request in this order", "[nsqd][http]") {
  const auto [target, body, expected] = GENERATE(table<std::string, std::string, std::string>({
      {"/pub", "12345678901", error(413, "MSG_TOO_BIG")},
      {"/pub", "", error(400, "MSG_EMPTY")},
      {"/pub?topic=t;x", "", error(400, "MSG_EMPTY")},
      {"/pub?topic=t;x", "m", error(400, "INVALID_REQUEST")},
      {"/pub", "m", error(400, "MISSING_ARG_TOPIC")},
      {"/pub?defer=x", "m", error(400, "MISSING_ARG_TOPIC")},
      {"/pub?topic=", "m", error(400, "INVALID_TOPIC")},
      {"/pub?topic=a:b&defer=x", "m", error(400, "INVALID_TOPIC")},
      {"/pub?topic=t&defer=", "m", error(400, "INVALID_DEFER")},
      {"/pub?topic=t&defer=abc", "m", error(400, "INVALID_DEFER")},
      {"/pub?topic=t&defer=-1", "m", error(400, "INVALID_DEFER")},
      {"/pub?topic=t&defer=%2B-1", "m", error(400, "INVALID_DEFER")},
      {"/pub?topic=t&defer=3600001", "m", error(400, "INVALID_DEFER")},
      {"/pub?topic=t&defer=99999999999999999999", "m", error(400, "INVALID_DEFER")},
      {"/pub?topic=t&defer=3600000", "m", "200 OK"},
      {"/pub?topic=t&defer=%2B5", "m", "200 OK"},
      {"/pub?topic=t&defer=0", "m", "200 OK"},
      {"/pub?topic=t", "1234567890", "200 OK"},
      {"/pub?topic=t&topic=a:b", "m", "200 OK"},
  }));
  CAPTURE(target, body);
  ApiFixture api(small_limits());
  CHECK(summary(api.post(target, body)) == expected);
}

TEST_CASE("a bad defer creates the topic all the same", "[nsqd][http]") {
  ApiFixture api;
  api.post("/pub?topic=t&defer=x", "m");
  CHECK(api.depth("t") == 0);
}

TEST_CASE("/pub is answered after its commit and not before", "[nsqd][http]") {
  ApiFixture api;
  const auto target = GENERATE("/pub?topic=t", "/pub?topic=t&defer=100", "/mpub?topic=t");
  CAPTURE(target);
  REQUIRE_FALSE(api.begin(HttpMethod::post, target, "m").has_value());
  CHECK(api.depth("t") == 1);  // channels have it meanwhile
  CHECK(summary(api.post(target, "m")) == "200 OK");
}

TEST_CASE("an ephemeral topic has no commit to wait for", "[nsqd][http]") {
  ApiFixture api;
  const auto answer = api.begin(HttpMethod::post, "/pub?topic=t%23ephemeral", "m");
  REQUIRE(answer.has_value());
  CHECK(summary(*answer) == "200 OK");
}

TEST_CASE("a publish whose commit fails is answered 500 with the reason", "[nsqd][http]") {
  ApiFixture api;
  api.log.fail_commits = true;
  CHECK(summary(api.post("/pub?topic=t", "m")) == error(500, "disk full"));
  CHECK(summary(api.post("/mpub?topic=t", "m")) == error(500, "disk full"));
}

TEST_CASE("a publish to a closed broker is answered 503", "[nsqd][http]") {
  ApiFixture api;
  api.broker.close();
  CHECK(summary(api.post("/pub?topic=t", "m")) == error(503, "EXITING"));
}

TEST_CASE("the text form of /mpub is a message a line", "[nsqd][http]") {
  const auto [body, expected, messages, bytes] =
      GENERATE(table<std::string, std::string, std::uint64_t, std::uint64_t>({
          {"a\n\nb\n", "200 OK", 2, 2},
          {"", "200 OK", 0, 0},
          {"\n\n", "200 OK", 0, 0},
          {"a\r\nb", "200 OK", 2, 3},
          {"1234567890\n1234567890", "200 OK", 2, 20},
          {"a\n12345678901\nb", error(413, "MSG_TOO_BIG"), 0, 0},
          {std::string(31, '\n'), error(413, "BODY_TOO_BIG"), 0, 0},
      }));
  CAPTURE(body);
  ApiFixture api(small_limits());
  api.topic("t");
  CHECK(summary(api.post("/mpub?topic=t&binary=0", body)) == expected);
  const TopicStats stats = api.topic("t")->stats({}, false);
  CHECK(stats.message_count == messages);
  CHECK(stats.message_bytes == bytes);
}

TEST_CASE("the binary form of /mpub", "[nsqd][http]") {
  const auto [body, expected, messages] = GENERATE(table<std::string, std::string, std::uint64_t>({
      {"\0\0\0\2\0\0\0\1a\0\0\0\2bc"s, "200 OK", 2},
      {"\0\0\0\1\0\0\0\1a-surplus"s, "200 OK", 1},
      {""s, error(413, "BAD_BODY"), 0},
      {"\0\0\1"s, error(413, "BAD_BODY"), 0},
      {"\0\0\0\0"s, error(413, "BAD_BODY"), 0},
      {"\xff\xff\xff\xff"s, error(413, "BAD_BODY"), 0},
      {"\0\0\0\6"s, error(413, "BAD_BODY"), 0},  // (30 - 4) / 5 = 5 fit at most
      {"\0\0\0\5"s, error(413, "BAD_MESSAGE"), 0},
      {"\0\0\0\1\0\0\0\0"s, error(413, "BAD_MESSAGE"), 0},
      {"\0\0\0\1\xff\xff\xff\xff"s, error(413, "BAD_MESSAGE"), 0},
      {"\0\0\0\1\0\0\0\2a"s, error(413, "BAD_MESSAGE"), 0},
      {"\0\0\0\1\0\0\0\x0b"
       "12345678901"s,
       error(413, "BAD_MESSAGE"), 0},
      {"\0\0\0\2\0\0\0\1a\0\0"s, error(413, "BAD_MESSAGE"), 0},
  }));
  CAPTURE(body);
  ApiFixture api(small_limits());
  api.topic("t");
  CHECK(summary(api.post("/mpub?topic=t&binary=true", body)) == expected);
  CHECK(api.topic("t")->stats({}, false).message_count == messages);
}

TEST_CASE("the values of binary", "[nsqd][http]") {
  const auto [value, binary] = GENERATE(table<std::string, bool>({{"&binary=true", true},
                                                                  {"&binary=1", true},
                                                                  {"&binary=junk", true},
                                                                  {"&binary=", true},
                                                                  {"&binary", true},
                                                                  {"&binary=false", false},
                                                                  {"&binary=0", false},
                                                                  {"", false}}));
  CAPTURE(value);
  ApiFixture api;
  const std::string answer = summary(api.post("/mpub?topic=t" + value, "abc"));
  CHECK(answer == (binary ? error(413, "BAD_BODY") : "200 OK"));
}

TEST_CASE("/mpub checks the topic before the body and creates it", "[nsqd][http]") {
  ApiFixture api(small_limits());
  CHECK(summary(api.post("/mpub", "12345678901")) == error(400, "MISSING_ARG_TOPIC"));
  CHECK(summary(api.post("/mpub?topic=a:b", "m")) == error(400, "INVALID_TOPIC"));
  CHECK(summary(api.post("/mpub?topic=t%zz", "m")) == error(400, "INVALID_REQUEST"));
  CHECK(summary(api.post("/mpub?topic=t", "12345678901")) == error(413, "MSG_TOO_BIG"));
  CHECK(api.depth("t") == 0);
}

}  // namespace
}  // namespace nsqd
