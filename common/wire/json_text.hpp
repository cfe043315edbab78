#pragma once

#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace nsq::wire {

/// A JSON text made fit for a strict parser without changing what upstream's lenient one would
/// read: bytes that are not UTF-8 and surrogate escapes without a partner become U+FFFD.
///
/// @return the text; or Errc::bad_json for what our parser takes and upstream's does not: a byte
///         order mark at the start, a NUL byte anywhere. Source: spec/nsqd.md 2.1.
Result<std::string> clean_json(std::string_view text);

/// Appends `text` as a JSON string, quotes included, byte for byte as upstream writes it: `<`, `>`,
/// `&`, control bytes, U+2028 and U+2029 as \u00xx (the usual ones as \b \f \n \r \t), what is
/// not UTF-8 as \ufffd, the rest as it is. Fast for plain text.
void append_json_string(std::string& out, std::string_view text);

}  // namespace nsq::wire
