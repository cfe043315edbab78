#include "common/wire/number.hpp"

namespace nsq::wire {

Result<std::uint64_t> parse_decimal(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    const auto digit = static_cast<std::uint8_t>(c - '0');
    if (digit > 9) return fail(Errc::bad_number);
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace nsq::wire
