#include "common/config/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <system_error>

#include <fmt/format.h>

namespace nsq::config {
namespace {

constexpr std::array<std::string_view, 6> kTrue{"1", "t", "T", "true", "TRUE", "True"};
constexpr std::array<std::string_view, 6> kFalse{"0", "f", "F", "false", "FALSE", "False"};

auto parse_error() {
  return fail(Errc::bad_number, "parse error");
}
auto range_error() {
  return fail(Errc::out_of_range, "value out of range");
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The value of a digit in any base, or 255.
unsigned digit_value(char c) {
  c = lower(c);
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 10;
  return 255;
}

struct Literal {
  unsigned base;
  std::string_view digits;
  bool digit_before;  // a prefix counts as a digit that `_` may follow
};

// Splits the base prefix off. A lone "0x" stays a leading 0 with a bad octal digit, as in Go.
Literal split_base(std::string_view text) {
  if (text.front() != '0') return {10, text, false};
  if (text.size() >= 3) {
    const char mark = lower(text[1]);
    if (mark == 'b') return {2, text.substr(2), true};
    if (mark == 'o') return {8, text.substr(2), true};
    if (mark == 'x') return {16, text.substr(2), true};
  }
  return {8, text.substr(1), true};
}

Result<std::uint64_t> parse_magnitude(std::string_view text) {
  if (text.empty()) return parse_error();
  const Literal literal = split_base(text);
  std::uint64_t value = 0;
  bool digit_before = literal.digit_before;
  for (const char c : literal.digits) {
    if (c == '_') {
      if (!digit_before) return parse_error();
      digit_before = false;
      continue;
    }
    const unsigned digit = digit_value(c);
    if (digit >= literal.base) return parse_error();
    if (__builtin_mul_overflow(value, std::uint64_t{literal.base}, &value) ||
        __builtin_add_overflow(value, std::uint64_t{digit}, &value)) {
      return range_error();
    }
    digit_before = true;
  }
  if (!digit_before && !literal.digits.empty()) return parse_error();
  return value;
}

// One code point at the front of `text`: its length in bytes, 0 if it is not valid UTF-8.
std::size_t decode_utf8(std::string_view text, char32_t& code_point) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) {
    code_point = first;
    return 1;
  }
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  code_point = first & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
    code_point = (code_point << 6) | (byte(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < kSmallest.at(size) || code_point > 0x10FFFF || surrogate) return 0;
  return size;
}

// Controls, and the spaces and marks without a shape of their own.
bool printable(char32_t c) {
  if (c < 0x20 || (c >= 0x7F && c <= 0xA0) || c == 0xAD) return false;
  if ((c >= 0x2000 && c <= 0x200F) || (c >= 0x2028 && c <= 0x202F)) return false;
  return c != 0x3000 && c != 0xFEFF && (c & 0xFFFEU) != 0xFFFEU && !(c >= 0xE000 && c <= 0xF8FF);
}

void append_escaped(std::string& out, char32_t c) {
  constexpr std::string_view kNamed = "\a\b\t\n\v\f\r";
  constexpr std::string_view kNames = "abtnvfr";
  if (c < 0x80) {
    const auto named = kNamed.find(static_cast<char>(c));
    if (named != std::string_view::npos) {
      out += '\\';
      out += kNames[named];
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned>(c));
    }
  } else if (c < 0x10000) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  } else {
    fmt::format_to(std::back_inserter(out), "\\U{:08x}", static_cast<unsigned>(c));
  }
}

}  // namespace

Result<bool> parse_bool(std::string_view text) {
  if (std::ranges::find(kTrue, text) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, text) != kFalse.end()) return false;
  return parse_error();
}

Result<std::int64_t> parse_int(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto magnitude = parse_magnitude(text);
  if (!magnitude) return std::unexpected(magnitude.error());
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (*magnitude > kMax + (negative ? 1 : 0)) return range_error();
  return static_cast<std::int64_t>(negative ? 0 - *magnitude : *magnitude);
}

Result<double> parse_float(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return parse_error();
  }
  double value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec == std::errc::result_out_of_range) return range_error();
  if (ec != std::errc{} || end != text.data() + text.size()) return parse_error();
  return value;
}

std::string format_float(double value) {
  return fmt::format("{}", value);
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    char32_t c = 0;
    const std::size_t size = decode_utf8(text, c);
    if (size == 0) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}",
                     static_cast<unsigned>(static_cast<unsigned char>(text.front())));
      text.remove_prefix(1);
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    if (printable(c)) {
      out += text.substr(0, size);
    } else {
      append_escaped(out, c);
    }
    text.remove_prefix(size);
  }
  out += '"';
  return out;
}

}  // namespace nsq::config
