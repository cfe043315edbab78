#pragma once

#include <string>
#include <string_view>

namespace nsq::wire {

/// `text` in double quotes, as error texts show names: `"` and `\` behind a backslash, control
/// bytes as \n, \t, \x01, bytes that are not UTF-8 as \xff, characters without a shape as \u200b,
/// the rest as it is. Source: spec/nsqd.md, "Conventions".
std::string quote(std::string_view text);

}  // namespace nsq::wire
