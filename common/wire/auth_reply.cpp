#include "common/wire/auth_reply.hpp"

#include <array>

#include "common/wire/json_fields.hpp"
#include "common/wire/json_text.hpp"

namespace nsq::wire {

std::string encode_auth_reply(const AuthReply& reply) {
  std::string text = R"({"identity":)";
  append_json_string(text, reply.identity);
  text += R"(,"identity_url":)";
  append_json_string(text, reply.identity_url);
  text += R"(,"permission_count":)";
  text += std::to_string(reply.permission_count);
  return text + '}';
}

Result<AuthReply> parse_auth_reply(std::string_view data) {
  using Field = JsonField<AuthReply>;
  static constexpr std::array kFields{
      Field{"identity", &AuthReply::identity},
      Field{"identity_url", &AuthReply::identity_url},
      Field{"permission_count", &AuthReply::permission_count},
  };
  auto reply = parse_json_fields<AuthReply>(data, kFields);
  if (!reply) return fail(Errc::bad_json, "the answer to AUTH is not the expected JSON");
  return reply;
}

}  // namespace nsq::wire
