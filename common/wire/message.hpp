#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string_view>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace nsq::wire {

// A message frame, integers big-endian (spec/nsqd.md 1.3, 1.4):
// [size u32][type u32 = 2] [timestamp i64][attempts u16][id 16][body]
// The header behind the frame header, with the body, is also the record on disk.
inline constexpr std::size_t kFrameHeaderBytes = 8;
inline constexpr std::size_t kMessageHeaderBytes = 26;
inline constexpr std::size_t kMessageFrameHeaderBytes = kFrameHeaderBytes + kMessageHeaderBytes;
inline constexpr std::size_t kMessageIdBytes = 16;

// Offsets from the first byte of the message header.
inline constexpr std::size_t kTimestampOffset = 0;
inline constexpr std::size_t kAttemptsOffset = 8;
inline constexpr std::size_t kIdOffset = 10;

/// The 16 bytes that name a message within its topic. What a server makes is lower-case hex of a
/// 64-bit number; what a client sends may be any 16 bytes. Zero bytes unless set.
struct MessageId {
  std::array<char, kMessageIdBytes> bytes{};

  /// The id in `text`, or nothing when it is not exactly 16 bytes long.
  static std::optional<MessageId> from(std::string_view text) noexcept {
    if (text.size() != kMessageIdBytes) return std::nullopt;
    MessageId id;
    std::memcpy(id.bytes.data(), text.data(), kMessageIdBytes);
    return id;
  }
  /// The 16 hex digits of `number`.
  static MessageId from_number(std::uint64_t number) noexcept;

  /// The number of which these are the hex digits, or nothing when they are not lower-case hex.
  std::optional<std::uint64_t> number() const noexcept;
  /// Valid as long as this object.
  std::string_view view() const noexcept { return {bytes.data(), bytes.size()}; }

  friend bool operator==(const MessageId&, const MessageId&) = default;
  friend auto operator<=>(const MessageId& a, const MessageId& b) noexcept {
    return a.view() <=> b.view();
  }
  friend std::size_t hash_value(const MessageId& id) noexcept {
    const std::uint64_t high = load_be64(id.bytes.data());
    const std::uint64_t low = load_be64(id.bytes.data() + 8);
    std::uint64_t mixed = (high ^ (low * 0x9e3779b97f4a7c15U)) * 0xff51afd7ed558ccdU;
    mixed ^= mixed >> 32;
    return static_cast<std::size_t>(mixed * 0xc4ceb9fe1a85ec53U);
  }
};

/// Writes the 16 lower-case hex digits of `number`, most significant first, to `out16`.
void id_to_hex(std::uint64_t number, char* out16) noexcept;

/// The number whose 16 lower-case hex digits stand at `hex16`; nothing if any byte is another.
std::optional<std::uint64_t> id_from_hex(const char* hex16) noexcept;

/// A message as received; `body` points into the frame it was decoded from.
struct MessageView {
  std::int64_t timestamp_ns = 0;  ///< Unix time at which the server accepted the publish
  std::uint16_t attempts = 0;     ///< 1 on the first delivery
  MessageId id{};
  std::string_view body{};
};

/// Reads the data of a message frame (what follows the frame header).
///
/// @return the message; or Errc::bad_frame when `data` is shorter than the 26 header bytes (close
/// the
///         connection). No allocation but for the error. Source: spec/nsqd.md 1.4,
///         spec/client.md 1.
Result<MessageView> decode_message(std::string_view data);

/// Bytes of the whole frame around a body of `body_bytes`.
constexpr std::size_t message_frame_bytes(std::size_t body_bytes) noexcept {
  return kMessageFrameHeaderBytes + body_bytes;
}

/// Writes the 34 bytes before the body of a message frame and returns their end. For gathering
/// writes that send the body from where it lies. `body_bytes` must be below 2^31 - 30.
char* write_message_frame_header(char* to, std::int64_t timestamp_ns, std::uint16_t attempts,
                                 const MessageId& id, std::size_t body_bytes) noexcept;

/// Writes a whole message frame, message_frame_bytes(body.size()) bytes, and returns its end.
char* write_message_frame(char* to, std::int64_t timestamp_ns, std::uint16_t attempts,
                          const MessageId& id, std::string_view body) noexcept;

}  // namespace nsq::wire

template <>
struct std::hash<nsq::wire::MessageId> {
  std::size_t operator()(const nsq::wire::MessageId& id) const noexcept { return hash_value(id); }
};
