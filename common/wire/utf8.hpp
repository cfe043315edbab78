#pragma once

#include <cstddef>
#include <string_view>

namespace nsq::wire {

/// One character at the front of a text.
struct Rune {
  char32_t value = 0;    ///< the code point, when valid
  std::size_t size = 1;  ///< bytes it takes; 1 when not valid
  bool valid = false;    ///< false: the first byte does not begin a UTF-8 character
};

/// Reads the first character of `text`, which must not be empty. Overlong forms, surrogates and
/// what lies above U+10FFFF are not valid.
Rune decode_rune(std::string_view text) noexcept;

/// U+FFFD, what stands in for bytes that are not UTF-8.
inline constexpr std::string_view kReplacement = "\xef\xbf\xbd";

}  // namespace nsq::wire
