#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/config/values.hpp"

namespace nsq::config {
namespace {

constexpr std::uint64_t kLimit = std::uint64_t{1} << 63;

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 8> kUnits{{
    {"ns", 1},
    {"us", 1'000},
    {"\u00b5s", 1'000},  // micro sign
    {"\u03bcs", 1'000},  // Greek mu
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes the digits at the front; nullopt if they say 2^63 or more.
std::optional<std::uint64_t> take_integer(std::string_view& text) {
  std::uint64_t value = 0;
  while (!text.empty() && is_digit(text.front())) {
    if (value > kLimit / 10) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(text.front() - '0');
    if (value > kLimit) return std::nullopt;
    text.remove_prefix(1);
  }
  return value;
}

struct Fraction {
  std::uint64_t digits = 0;
  double scale = 1;
};

// Takes the digits behind the point. Those that no longer fit are beyond a nanosecond anyway.
Fraction take_fraction(std::string_view& text) {
  Fraction fraction;
  bool full = false;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    if (full || fraction.digits > (kLimit - 1) / 10) {
      full = true;
      continue;
    }
    const auto next = fraction.digits * 10 + static_cast<std::uint64_t>(text.front() - '0');
    if (next > kLimit) {
      full = true;
      continue;
    }
    fraction.digits = next;
    fraction.scale *= 10;
  }
  return fraction;
}

auto invalid(std::string_view whole) {
  return fail(Errc::bad_number, "time: invalid duration " + quote(whole));
}

// Takes one `<decimal><unit>`, in nanoseconds, at most 2^63.
Result<std::uint64_t> take_term(std::string_view& text, std::string_view whole) {
  if (text.front() != '.' && !is_digit(text.front())) return invalid(whole);
  const auto before = text.size();
  const auto integer = take_integer(text);
  if (!integer) return invalid(whole);
  bool any_digit = text.size() != before;
  Fraction fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const auto at_point = text.size();
    fraction = take_fraction(text);
    any_digit = any_digit || text.size() != at_point;
  }
  if (!any_digit) return invalid(whole);

  const auto unit_text = text.substr(0, text.find_first_of(".0123456789"));
  if (unit_text.empty()) {
    return fail(Errc::bad_number, "time: missing unit in duration " + quote(whole));
  }
  text.remove_prefix(unit_text.size());
  for (const auto& [name, unit] : kUnits) {
    if (name != unit_text) continue;
    if (*integer > kLimit / unit) return invalid(whole);
    const auto value =
        *integer * unit + static_cast<std::uint64_t>(static_cast<double>(fraction.digits) *
                                                     (static_cast<double>(unit) / fraction.scale));
    if (value > kLimit) return invalid(whole);
    return value;
  }
  return fail(Errc::bad_number,
              "time: unknown unit " + quote(unit_text) + " in duration " + quote(whole));
}

// `whole` and up to `width` decimals of `fraction`, without the zeros at the end.
std::string decimal(std::uint64_t whole, std::uint64_t fraction, int width) {
  auto text = fmt::format("{}", whole);
  if (fraction == 0) return text;
  text += fmt::format(".{:0{}}", fraction, width);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

}  // namespace

Result<Nanoseconds> parse_duration(std::string_view text) {
  const std::string_view whole = text;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return Nanoseconds{0};
  if (text.empty()) return invalid(whole);
  std::uint64_t sum = 0;
  while (!text.empty()) {
    const auto term = take_term(text, whole);
    if (!term) return std::unexpected(term.error());
    sum += *term;
    if (sum > kLimit) return invalid(whole);
  }
  if (negative) return Nanoseconds{static_cast<std::int64_t>(0 - sum)};
  if (sum == kLimit) return invalid(whole);
  return Nanoseconds{static_cast<std::int64_t>(sum)};
}

std::string format_duration(Nanoseconds duration) {
  if (duration.count() == 0) return "0s";
  const bool negative = duration.count() < 0;
  const auto count = static_cast<std::uint64_t>(duration.count());
  const std::uint64_t nanos = negative ? 0 - count : count;
  std::string text = negative ? "-" : "";
  if (nanos < 1'000) return text + fmt::format("{}ns", nanos);
  if (nanos < 1'000'000) return text + decimal(nanos / 1'000, nanos % 1'000, 3) + "\u00b5s";
  if (nanos < 1'000'000'000) {
    return text + decimal(nanos / 1'000'000, nanos % 1'000'000, 6) + "ms";
  }
  const std::uint64_t seconds = nanos / 1'000'000'000;
  if (seconds >= 3600) text += fmt::format("{}h", seconds / 3600);
  if (seconds >= 60) text += fmt::format("{}m", seconds / 60 % 60);
  return text + decimal(seconds % 60, nanos % 1'000'000'000, 9) + "s";
}

}  // namespace nsq::config
