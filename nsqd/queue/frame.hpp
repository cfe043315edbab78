#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "common/base/bytes.hpp"
#include "common/base/clock.hpp"

namespace nsqd {

// The message frames inside a Block, which are those of the wire (spec/nsqd.md 1.3, 1.4):
// [size u32][type u32 = 2][timestamp i64][attempts u16][id 16][body].

/// Bytes of a frame around its body.
inline constexpr std::uint32_t kFrameOverhead = 4 + 4 + 8 + 2 + 16;

/// Bytes of the frame that starts at `frame`, its size field included.
inline std::uint32_t frame_bytes(const char* frame) noexcept {
  return 4 + nsq::load_be32(frame);
}

/// Writes the frame of a first delivery. @return the byte behind it.
char* write_frame(char* to, std::int64_t timestamp, std::uint64_t id,
                  std::string_view body) noexcept;

/// The same with timestamp and id left out, for stamp_frame to set when they are known.
char* write_unstamped_frame(char* to, std::string_view body) noexcept;

/// Sets timestamp and id of a frame.
void stamp_frame(char* frame, std::int64_t timestamp, std::uint64_t id) noexcept;

/// When the frame's message was published.
inline nsq::WallTime frame_time(const char* frame) noexcept {
  const auto nanos = static_cast<std::int64_t>(nsq::load_be64(frame + 4 + 4));
  return nsq::WallTime(nsq::Nanoseconds(nanos));
}

/// The id of a frame of this process, as a number.
std::uint64_t frame_id(const char* frame) noexcept;

/// Where the attempts field and the body stand in a frame.
inline constexpr std::uint32_t kFrameAttemptsAt = 4 + 4 + 8;
inline constexpr std::uint32_t kFrameIdAt = kFrameAttemptsAt + 2;

/// Attempts stop at 65535, where upstream's wrap to 0.
inline constexpr std::uint16_t next_attempts(std::uint16_t attempts) noexcept {
  return attempts == std::numeric_limits<std::uint16_t>::max()
             ? attempts
             : static_cast<std::uint16_t>(attempts + 1);
}

}  // namespace nsqd
