#include <string>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "common/wire/identify.hpp"
#include "tests/unit/common/wire/exact_copy.hpp"

using namespace nsq;
using namespace nsq::wire;
using nsq::test::ExactCopy;
using namespace std::string_literals;

namespace {

IdentifyRequest parsed(std::string_view text) {
  const ExactCopy copy(text);
  auto request = parse_identify_request(copy.view());
  REQUIRE(request.has_value());
  return *request;
}

}  // namespace

TEST_CASE("an IDENTIFY that says nothing gives nothing but defaults", "[wire][identify]") {
  const std::string text =
      GENERATE(as<std::string>(), "{}", " \t\r\n{ } \n", "null", " null ", R"({"unknown":[1,{}]})",
               R"({"client_id":null,"sample_rate":null,"tls_v1":null})",
               R"({"x":{"client_id":"inner","snappy":3}})", R"({"x":[{"snappy":3},true,1.5]})",
               R"({"x":{"y":{"tls_v1":true}}})", R"({"x":99999999999999999999999})");
  CAPTURE(text);
  CHECK(parsed(text) == IdentifyRequest{});
}

TEST_CASE("what is not one JSON object is refused", "[wire][identify]") {
  const std::string text =
      GENERATE(as<std::string>(), "", " ", "[]", "[{}]", "\"a\"", "1", "1.5", "-1",
               "18446744073709551615", "true", "false", "{} x", "{}{}", "null null", R"({"a":1,})",
               R"({"a":[1,]})", "\xef\xbb\xbf{}", "{", R"({"a")", R"({"a":)", R"({"a":1)",
               R"({a:1})", R"({'a':1})", R"({"a":01})", R"({"a":+1})", R"({"a":.5})", R"({"a":1.})",
               R"({"a":NaN})", R"({"a":"\x"})", R"({"a":"\u12"})", "{\"a\":\"\n\"}", "{}\0"s,
               "{}\0garbage"s, "{\"a\":\"\0\"}"s, "{}\xff", "\xff{}", "/* c */{}", "{} // c", "\\");
  CAPTURE(text);
  const ExactCopy copy(text);
  const auto request = parse_identify_request(copy.view());
  REQUIRE_FALSE(request.has_value());
  CHECK(request.error().code == Errc::bad_json);
}

TEST_CASE("all fields are read", "[wire][identify]") {
  const IdentifyRequest request = parsed(R"({
    "client_id": "c", "hostname": "h", "user_agent": "u/1", "feature_negotiation": true,
    "heartbeat_interval": -1, "output_buffer_size": 64, "output_buffer_timeout": 25,
    "sample_rate": 99, "msg_timeout": 1000, "tls_v1": true, "snappy": true, "deflate": true,
    "deflate_level": 9, "topology_region": "r", "topology_zone": "z", "short_id": "s"})");
  CHECK(request == IdentifyRequest{.client_id = "c",
                                   .hostname = "h",
                                   .user_agent = "u/1",
                                   .feature_negotiation = true,
                                   .heartbeat_interval = -1,
                                   .output_buffer_size = 64,
                                   .output_buffer_timeout = 25,
                                   .sample_rate = 99,
                                   .msg_timeout = 1000,
                                   .tls_v1 = true,
                                   .snappy = true,
                                   .deflate = true,
                                   .deflate_level = 9,
                                   .topology_region = "r",
                                   .topology_zone = "z"});
}

TEST_CASE("keys match in any letter case and the last one wins", "[wire][identify]") {
  CHECK(parsed(R"({"FEATURE_NEGOTIATION":true})").feature_negotiation);
  CHECK(parsed(R"({"Client_ID":"a"})").client_id == "a");
  CHECK(parsed(R"({"client_id":"a","client_id":"b"})").client_id == "b");
  CHECK(parsed(R"({"client_id":"a","CLIENT_ID":"b"})").client_id == "b");
  CHECK(parsed(R"({"CLIENT_ID":"b","client_id":"a"})").client_id == "a");
  CHECK(parsed(R"({"client_id":"a","client_id":null})").client_id == "a");
  CHECK(parsed(R"({"\u0063lient_id":"a"})").client_id == "a");
  CHECK(parsed(R"({"x":{"y":1},"client_id":"a"})").client_id == "a");
  CHECK(parsed(R"({"client_id ":"a"})").client_id.empty());
}

TEST_CASE("types are strict", "[wire][identify]") {
  const std::string text = GENERATE(
      as<std::string>(), R"({"heartbeat_interval":30000.0})", R"({"heartbeat_interval":3e4})",
      R"({"heartbeat_interval":"30000"})", R"({"heartbeat_interval":true})",
      R"({"heartbeat_interval":[]})", R"({"heartbeat_interval":{}})",
      R"({"heartbeat_interval":9223372036854775808})",
      R"({"heartbeat_interval":-9223372036854775809})", R"({"sample_rate":2147483648})",
      R"({"sample_rate":-2147483649})", R"({"sample_rate":4294967297})", R"({"client_id":1})",
      R"({"client_id":-1})", R"({"client_id":1.5})", R"({"client_id":true})", R"({"client_id":{}})",
      R"({"client_id":["a"]})", R"({"tls_v1":1})", R"({"tls_v1":"true"})", R"({"tls_v1":{}})",
      R"({"tls_v1":"a","tls_v1":true})");
  CAPTURE(text);
  const auto request = parse_identify_request(text);
  REQUIRE_FALSE(request.has_value());
  CHECK(request.error().code == Errc::bad_json);
}

TEST_CASE("integers are taken to their ends", "[wire][identify]") {
  CHECK(parsed(R"({"msg_timeout":9223372036854775807})").msg_timeout == INT64_MAX);
  CHECK(parsed(R"({"msg_timeout":-9223372036854775808})").msg_timeout == INT64_MIN);
  CHECK(parsed(R"({"sample_rate":2147483647})").sample_rate == INT32_MAX);
  CHECK(parsed(R"({"sample_rate":-2147483648})").sample_rate == INT32_MIN);
  CHECK(parsed(R"({"sample_rate":-0})").sample_rate == 0);
}

TEST_CASE("what is not UTF-8 becomes U+FFFD", "[wire][identify]") {
  const auto [json, value] = GENERATE(table<std::string, std::string>({
      {"a\xff z", "a\xef\xbf\xbd z"},
      {"\xc3", "\xef\xbf\xbd"},
      {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
      {"caf\xc3\xa9", "caf\xc3\xa9"},
      {"\\\"\xff", "\"\xef\xbf\xbd"},
      {"\\\\\xff", "\\\xef\xbf\xbd"},
      {R"(\ud800)", "\xef\xbf\xbd"},
      {R"(\udc00x)", "\xef\xbf\xbdx"},
      {R"(\ud800\u0041)",
       "\xef\xbf\xbd"
       "A"},
      {R"(\ud800\ud83d\ude00)", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
      {R"(\uD83D\uDE00)", "\xf0\x9f\x98\x80"},
      {R"(\\ud800)", "\\ud800"},
      {R"(\u0000)", "\0"s},
  }));
  CAPTURE(json);
  CHECK(parsed("{\"client_id\":\"" + json + "\"}").client_id == value);
}

TEST_CASE("deep nesting under an unknown key does no harm", "[wire][identify]") {
  const std::string open(100000, '[');
  const std::string close(100000, ']');
  CHECK(parsed("{\"x\":" + open + close + "}") == IdentifyRequest{});
  CHECK_FALSE(parse_identify_request("{\"x\":" + open).has_value());
}

TEST_CASE("a request cut at any byte is refused", "[wire][identify]") {
  const std::string whole = R"({"client_id":"c","msg_timeout":1000,"tls_v1":true})";
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    CAPTURE(cut);
    const ExactCopy part(std::string_view(whole).substr(0, cut));
    CHECK_FALSE(parse_identify_request(part.view()).has_value());
  }
}

TEST_CASE("a client's request reads back as itself", "[wire][identify]") {
  rc::prop("parse ∘ encode = id", [] {
    const auto text = rc::gen::container<std::string>(rc::gen::inRange('\x01', '\x7f'));
    IdentifyRequest request;
    request.client_id = *text;
    request.hostname = *text;
    request.user_agent = *text;
    request.feature_negotiation = *rc::gen::arbitrary<bool>();
    request.heartbeat_interval = *rc::gen::arbitrary<std::int64_t>();
    request.output_buffer_size = *rc::gen::arbitrary<std::int64_t>();
    request.output_buffer_timeout = *rc::gen::arbitrary<std::int64_t>();
    request.sample_rate = *rc::gen::arbitrary<std::int32_t>();
    request.msg_timeout = *rc::gen::arbitrary<std::int64_t>();
    request.tls_v1 = *rc::gen::arbitrary<bool>();
    request.snappy = *rc::gen::arbitrary<bool>();
    request.deflate = *rc::gen::arbitrary<bool>();
    request.deflate_level = *rc::gen::arbitrary<std::int64_t>();
    request.topology_region = *text;
    request.topology_zone = *text;
    const auto back = parse_identify_request(encode_identify_request(request));
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == request);
  });
}

TEST_CASE("a request names only what it asks for", "[wire][identify]") {
  CHECK(encode_identify_request({}) == "{}");
  CHECK(encode_identify_request({.client_id = "c", .heartbeat_interval = -1, .snappy = true}) ==
        R"({"client_id":"c","heartbeat_interval":-1,"snappy":true})");
  CHECK(encode_identify_request({.client_id = "\xff"}) == "{\"client_id\":\"\xef\xbf\xbd\"}");
}
