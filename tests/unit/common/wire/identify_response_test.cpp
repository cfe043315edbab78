#include <string>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "common/wire/identify.hpp"

using namespace nsq;
using namespace nsq::wire;

TEST_CASE("the answer has its fifteen members in their order", "[wire][identify]") {
  const IdentifyResponse response{.max_rdy_count = 2500,
                                  .version = "1.3.0",
                                  .max_msg_timeout = 900000,
                                  .msg_timeout = 60000,
                                  .tls_v1 = true,
                                  .deflate = false,
                                  .deflate_level = 6,
                                  .max_deflate_level = 6,
                                  .snappy = true,
                                  .sample_rate = 5,
                                  .auth_required = false,
                                  .output_buffer_size = 16384,
                                  .output_buffer_timeout = 250,
                                  .topology_region = "r",
                                  .topology_zone = "z"};
  const std::string expected =
      R"({"max_rdy_count":2500,"version":"1.3.0","max_msg_timeout":900000,"msg_timeout":60000,)"
      R"("tls_v1":true,"deflate":false,"deflate_level":6,"max_deflate_level":6,"snappy":true,)"
      R"("sample_rate":5,"auth_required":false,"output_buffer_size":16384,)"
      R"("output_buffer_timeout":250,"topology_region":"r","topology_zone":"z"})";
  CHECK(encode_identify_response(response) == expected);
}

TEST_CASE("extensions follow the fifteen members when there are any", "[wire][identify]") {
  const IdentifyResponse response{.features = {"peek", "dedup"}};
  const std::string text = encode_identify_response(response);
  CHECK(text.ends_with(R"("topology_zone":"","x":{"features":["peek","dedup"]}})"));
  CHECK(parse_identify_response(text).value() == response);
}

TEST_CASE("absent and null members keep what old servers mean", "[wire][identify]") {
  CHECK(parse_identify_response("{}").value() == IdentifyResponse{});
  const auto response = parse_identify_response(R"({"max_rdy_count":null,"new_key":[1]})").value();
  CHECK(response.max_rdy_count == 2500);
  CHECK(response.msg_timeout == 60000);
  CHECK(response.max_msg_timeout == 900000);
}

TEST_CASE("extensions of another shape are not there", "[wire][identify]") {
  const std::string text =
      GENERATE(as<std::string>(), R"({"x":1})", R"({"x":[]})", R"({"x":{}})",
               R"({"x":{"features":"peek"}})", R"({"x":{"features":[1,null]}})");
  CAPTURE(text);
  CHECK(parse_identify_response(text).value().features.empty());
}

TEST_CASE("what is not a JSON object of the right types is no answer", "[wire][identify]") {
  const std::string text =
      GENERATE(as<std::string>(), "", "OK", "null", "[]", "{", "{} x",
               R"({"max_rdy_count":"2500"})", R"({"max_rdy_count":1.5})",
               R"({"max_rdy_count":9223372036854775808})", R"({"version":1})", R"({"tls_v1":1})");
  CAPTURE(text);
  const auto response = parse_identify_response(text);
  REQUIRE_FALSE(response.has_value());
  CHECK(response.error().code == Errc::bad_json);
}

TEST_CASE("a server's answer reads back as itself", "[wire][identify]") {
  rc::prop("parse ∘ encode = id", [] {
    const auto number = rc::gen::arbitrary<std::int64_t>();
    const auto flag = rc::gen::arbitrary<bool>();
    const auto text = rc::gen::container<std::string>(rc::gen::inRange('\x01', '\x7f'));
    IdentifyResponse response;
    response.max_rdy_count = *number;
    response.version = *text;
    response.max_msg_timeout = *number;
    response.msg_timeout = *number;
    response.tls_v1 = *flag;
    response.deflate = *flag;
    response.deflate_level = *number;
    response.max_deflate_level = *number;
    response.snappy = *flag;
    response.sample_rate = *number;
    response.auth_required = *flag;
    response.output_buffer_size = *number;
    response.output_buffer_timeout = *number;
    response.topology_region = *text;
    response.topology_zone = *text;
    response.features = *rc::gen::container<std::vector<std::string>>(text);
    const auto back = parse_identify_response(encode_identify_response(response));
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == response);
  });
}
