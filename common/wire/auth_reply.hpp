#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace nsq::wire {

/// What the server answers to a successful AUTH.
struct AuthReply {
  std::string identity;      ///< a name for people; may be empty
  std::string identity_url;  ///< likewise
  std::int64_t permission_count = 0;

  friend bool operator==(const AuthReply&, const AuthReply&) = default;
};

/// The response frame's data, byte for byte as upstream writes it. Source: spec/nsqd.md 3.
std::string encode_auth_reply(const AuthReply& reply);

/// The reverse; keys may be absent. @return Errc::bad_json.
Result<AuthReply> parse_auth_reply(std::string_view data);

}  // namespace nsq::wire
