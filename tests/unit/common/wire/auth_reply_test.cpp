#include "common/wire/auth_reply.hpp"

#include <catch2/catch.hpp>

namespace nsq::wire {
namespace {

TEST_CASE("the answer to AUTH, byte for byte", "[wire]") {
  CHECK(encode_auth_reply({}) == R"({"identity":"","identity_url":"","permission_count":0})");
  const AuthReply reply{
      .identity = "b<&>\"", .identity_url = "http://x/?a&b", .permission_count = 3};
  const std::string text = encode_auth_reply(reply);
  CHECK(
      text ==
      R"({"identity":"b\u003c\u0026\u003e\"","identity_url":"http://x/?a\u0026b","permission_count":3})");
  CHECK(*parse_auth_reply(text) == reply);
}

TEST_CASE("an answer to AUTH may lack keys, but not be something else", "[wire]") {
  CHECK(parse_auth_reply(R"({"permission_count":1})")->permission_count == 1);
  CHECK_FALSE(parse_auth_reply("OK"));
  CHECK_FALSE(parse_auth_reply(R"({"identity":1})"));
}

}  // namespace
}  // namespace nsq::wire
