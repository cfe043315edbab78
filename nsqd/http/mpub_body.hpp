#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/net/http_arguments.hpp"
#include "common/wire/body.hpp"

namespace nsqd {

// The two forms of a /mpub body. The messages view into it. Source: spec/nsqd.md 6.2.

/// One message a line. Empty lines are skipped, a CR stays; 413 MSG_TOO_BIG.
nsq::net::Checked<std::vector<std::string_view>> split_lines(std::string_view body,
                                                             std::int64_t max_msg_size);

/// [count i32] and count times [size i32][message]; what follows is ignored. 413 BAD_BODY,
/// BAD_MESSAGE.
nsq::net::Checked<std::vector<std::string_view>> split_binary(std::string_view body,
                                                              const nsq::wire::MpubLimits& limits);

/// Whether the query asks for the binary form.
/// @param odd  set if its value is none of true, 1, false, 0; that means binary.
bool asks_for_binary(const nsq::net::QueryParams& query, bool& odd);

}  // namespace nsqd
