#include "common/wire/json_text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

#include "common/wire/utf8.hpp"

namespace nsq::wire {
namespace {

constexpr std::size_t kEscapeBytes = 6;  // \uXXXX

// The UTF-16 unit of a \uXXXX at the front of `text`, if there is one.
std::optional<std::uint32_t> escaped_unit(std::string_view text) {
  if (text.size() < kEscapeBytes || text[0] != '\\' || text[1] != 'u') return std::nullopt;
  std::uint32_t unit = 0;
  const char* end = text.data() + kEscapeBytes;
  const auto [stop, error] = std::from_chars(text.data() + 2, end, unit, 16);
  if (error != std::errc() || stop != end) return std::nullopt;
  return unit;
}

bool is_high(std::uint32_t unit) {
  return unit >= 0xd800 && unit <= 0xdbff;
}
bool is_low(std::uint32_t unit) {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

// Copies the escape at the front of `text` and returns its size.
std::size_t append_escape(std::string& out, std::string_view text) {
  const auto unit = escaped_unit(text);
  std::size_t size = unit ? kEscapeBytes : 2;
  if (unit && is_high(*unit)) {
    const auto partner = escaped_unit(text.substr(kEscapeBytes));
    if (partner && is_low(*partner)) size = 2 * kEscapeBytes;
  }
  const bool alone = unit && (is_high(*unit) || is_low(*unit)) && size == kEscapeBytes;
  const std::string_view escape = text.substr(0, size);
  out += alone ? kReplacement : escape;
  return escape.size();
}

// Whether a byte stands for itself in a JSON string of upstream's.
constexpr bool is_plain(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

void append_ascii_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<std::uint8_t>(c)));
  }
}

// Appends the character at the front of `text`, which is not plain, and returns its size.
std::size_t append_json_character(std::string& out, std::string_view text) {
  if (static_cast<std::uint8_t>(text.front()) < 0x80) {
    append_ascii_escape(out, text.front());
    return 1;
  }
  const Rune rune = decode_rune(text);
  if (!rune.valid) {
    out += "\\ufffd";
  } else if (rune.value == 0x2028 || rune.value == 0x2029) {
    out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(rune.value));
  } else {
    out += text.substr(0, rune.size);
  }
  return rune.size;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto plain =
        static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(append_json_character(out, text));
  }
  out += '"';
}

Result<std::string> clean_json(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) return fail(Errc::bad_json, "byte order mark");
  if (text.find('\0') != std::string_view::npos) return fail(Errc::bad_json, "NUL byte");
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t size = 0;
    if (text.front() == '\\' && text.size() > 1 && static_cast<std::uint8_t>(text[1]) < 0x80) {
      size = append_escape(out, text);
    } else {
      const Rune rune = decode_rune(text);
      out += rune.valid ? text.substr(0, rune.size) : kReplacement;
      size = rune.size;
    }
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace nsq::wire
