#include "common/wire/utf8.hpp"

#include <cstdint>

namespace nsq::wire {
namespace {

struct Lead {
  std::size_t size;
  char32_t bits;
  char32_t smallest;  // below it the form is overlong
};

Lead lead_of(std::uint8_t byte) noexcept {
  if (byte < 0x80) return {1, byte, 0};
  if ((byte & 0xe0U) == 0xc0) return {2, byte & 0x1fU, 0x80};
  if ((byte & 0xf0U) == 0xe0) return {3, byte & 0x0fU, 0x800};
  if ((byte & 0xf8U) == 0xf0) return {4, byte & 0x07U, 0x10000};
  return {0, 0, 0};
}

}  // namespace

Rune decode_rune(std::string_view text) noexcept {
  const auto [size, bits, smallest] = lead_of(static_cast<std::uint8_t>(text.front()));
  if (size == 0 || size > text.size()) return {};
  char32_t value = bits;
  for (std::size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if ((byte & 0xc0U) != 0x80) return {};
    value = (value << 6) | (byte & 0x3fU);
  }
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < smallest || value > 0x10ffff || surrogate) return {};
  return {value, size, true};
}

}  // namespace nsq::wire
