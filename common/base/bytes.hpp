#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace nsq {

// Big-endian loads and stores at any alignment: everything on the wire and on disk is big-endian.
// The caller guarantees that sizeof(T) bytes are there.

template <class T>
T load_be(const char* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native == std::endian::little) value = std::byteswap(value);
  return value;
}

template <class T>
void store_be(char* to, T value) noexcept {
  if constexpr (std::endian::native == std::endian::little) value = std::byteswap(value);
  std::memcpy(to, &value, sizeof value);
}

inline std::uint16_t load_be16(const char* from) noexcept {
  return load_be<std::uint16_t>(from);
}
inline std::uint32_t load_be32(const char* from) noexcept {
  return load_be<std::uint32_t>(from);
}
inline std::uint64_t load_be64(const char* from) noexcept {
  return load_be<std::uint64_t>(from);
}
inline void store_be16(char* to, std::uint16_t value) noexcept {
  store_be(to, value);
}
inline void store_be32(char* to, std::uint32_t value) noexcept {
  store_be(to, value);
}
inline void store_be64(char* to, std::uint64_t value) noexcept {
  store_be(to, value);
}

/// Sizes with their unit: `64_KiB`, `1_MiB`.
consteval std::size_t operator""_KiB(unsigned long long value) {
  return static_cast<std::size_t>(value) << 10;
}
consteval std::size_t operator""_MiB(unsigned long long value) {
  return static_cast<std::size_t>(value) << 20;
}

}  // namespace nsq
