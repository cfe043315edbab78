#pragma once

#include <cstddef>
#include <string_view>

#include "nsqd/auth/grant.hpp"

namespace nsqd {

/// Reads an auth server's answer. Each authorization's topic and channel patterns are RE2 and match
/// anywhere in a name; publishing needs a channel pattern that matches the empty text.
///
/// @return Errc::bad_json when it is not the expected JSON, has no positive whole `ttl`, or names
/// an
///         unknown permission or a pattern that does not compile. The text is fit for the log.
/// Source: spec/nsqd.md 3.2, 3.3.
nsq::Result<Grant> parse_auth_answer(std::string_view body);

}  // namespace nsqd
