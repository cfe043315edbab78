#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/bytes.hpp"

namespace nsqd::schema {

/// Appends big-endian integers to a record.
class RecordWriter {
 public:
  void u8(std::uint8_t value) { put(value); }
  void u16(std::uint16_t value) { put(value); }
  void u32(std::uint32_t value) { put(value); }
  void u64(std::uint64_t value) { put(value); }
  std::string take() { return std::move(record_); }

 private:
  template <class T>
  void put(T value) {
    char bytes[sizeof value];
    nsq::store_be(bytes, value);
    record_.append(bytes, sizeof bytes);
  }
  std::string record_;
};

/// Takes them off again. Past the end everything reads as 0, and ok() is false.
class RecordReader {
 public:
  explicit RecordReader(std::string_view record) : rest_(record) {}

  std::uint8_t u8() { return get<std::uint8_t>(); }
  std::uint16_t u16() { return get<std::uint16_t>(); }
  std::uint32_t u32() { return get<std::uint32_t>(); }
  std::uint64_t u64() { return get<std::uint64_t>(); }
  bool ok() const noexcept { return ok_; }
  bool empty() const noexcept { return rest_.empty(); }

 private:
  template <class T>
  T get() {
    if (rest_.size() < sizeof(T)) {
      ok_ = false;
      return 0;
    }
    const T value = nsq::load_be<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace nsqd::schema
