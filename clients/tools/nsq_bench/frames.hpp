#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/bytes.hpp"

namespace nsq::bench {

// Frames are parsed in place, in the buffer they were received in, and inlined into the caller's
// loop: this is the generator's hot path. Layout: spec/nsqd.md 1.3 and 1.4.

inline constexpr std::uint32_t kResponseFrame = 0;
inline constexpr std::uint32_t kErrorFrame = 1;
inline constexpr std::uint32_t kMessageFrame = 2;

inline constexpr std::size_t kFrameHeaderBytes = 8;
/// Where a message frame's id begins in the frame's data, and where its body does.
inline constexpr std::size_t kMessageIdOffset = 10;
inline constexpr std::size_t kMessageIdBytes = 16;
inline constexpr std::size_t kMessageBodyOffset = 26;
/// A larger size field means that the stream is lost.
inline constexpr std::uint32_t kMaxFrameBytes = 64u << 20;

/// How scan_frames ended: `consumed` bytes made whole frames; the rest wants more bytes, unless
/// `bad` says that no frame can begin there.
struct ScanResult {
  std::size_t consumed = 0;
  bool bad = false;
};

/// Calls `sink(type, data)` for each whole frame of `in`, data pointing into `in`. The sink returns
/// void. Message frames shorter than their header are bad, so a sink may read it unchecked.
template <class Sink>
inline ScanResult scan_frames(std::string_view in, Sink&& sink) {
  const char* at = in.data();
  const char* const end = at + in.size();
  while (static_cast<std::size_t>(end - at) >= kFrameHeaderBytes) {
    const std::uint32_t size = load_be32(at);
    const std::uint32_t type = load_be32(at + 4);
    const std::size_t least = type == kMessageFrame ? 4 + kMessageBodyOffset : 4;
    if (size < least || size > kMaxFrameBytes || type > kMessageFrame) [[unlikely]] {
      return {.consumed = static_cast<std::size_t>(at - in.data()), .bad = true};
    }
    if (static_cast<std::size_t>(end - at) < 4 + std::size_t{size}) break;
    sink(type, std::string_view(at + kFrameHeaderBytes, size - 4));
    at += 4 + std::size_t{size};
  }
  return {.consumed = static_cast<std::size_t>(at - in.data())};
}

}  // namespace nsq::bench
