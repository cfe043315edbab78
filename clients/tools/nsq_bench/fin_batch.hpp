#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

#include "clients/tools/nsq_bench/frames.hpp"

namespace nsq::bench {

/// FIN commands gathered for one send. The text around the ids is written once and stays; adding an
/// id is a copy of 16 bytes. Lives with one thread and serves all its connections in turn.
class FinBatch {
 public:
  FinBatch() { reserve(4096); }

  /// @param id  kMessageIdBytes bytes.
  void add(const char* id) {
    if (count_ == capacity_) [[unlikely]]
      reserve(2 * capacity_);
    std::memcpy(buffer_.data() + count_ * kCommandBytes + kIdOffset, id, kMessageIdBytes);
    ++count_;
  }

  /// The commands added since clear(). Valid until the next add().
  std::string_view commands() const noexcept { return {buffer_.data(), count_ * kCommandBytes}; }
  bool empty() const noexcept { return count_ == 0; }
  void clear() noexcept { count_ = 0; }

 private:
  static constexpr std::size_t kIdOffset = 4;
  static constexpr std::size_t kCommandBytes = kIdOffset + kMessageIdBytes + 1;

  void reserve(std::size_t commands) {
    static constexpr std::string_view kBlank = "FIN 0123456789abcdef\n";
    static_assert(kBlank.size() == kCommandBytes);
    buffer_.resize(commands * kCommandBytes);
    for (std::size_t i = capacity_; i < commands; ++i) {
      std::memcpy(buffer_.data() + i * kCommandBytes, kBlank.data(), kBlank.size());
    }
    capacity_ = commands;
  }

  std::vector<char> buffer_;
  std::size_t capacity_ = 0;  // commands
  std::size_t count_ = 0;
};

}  // namespace nsq::bench
