#include "common/wire/message.hpp"

#include "common/wire/frame.hpp"

namespace nsq::wire {
namespace {

// Eight bytes in one register: `bytes(c)` is c in each of them.
constexpr std::uint64_t bytes(std::uint8_t c) noexcept {
  return 0x0101010101010101U * c;
}

// The eight hex digits of 32 bits, the first in the most significant byte.
std::uint64_t hex_digits(std::uint32_t value) noexcept {
  std::uint64_t x = value;
  x = (x | (x << 16)) & 0x0000ffff0000ffffU;
  x = (x | (x << 8)) & 0x00ff00ff00ff00ffU;
  x = (x | (x << 4)) & bytes(0x0f);  // one nibble a byte
  const std::uint64_t letters = ((x + bytes(6)) >> 4) & bytes(1);
  return x + bytes('0') + letters * ('a' - '0' - 10);
}

// 0x80 in each byte of x that is at least c. The bytes of x are below 0x80, and c above 0.
std::uint64_t at_least(std::uint64_t x, std::uint8_t c) noexcept {
  return (x + bytes(static_cast<std::uint8_t>(0x80 - c))) & bytes(0x80);
}

// The reverse of hex_digits, where `valid` stays as it is only if all eight bytes are digits.
std::uint64_t hex_value(std::uint64_t text, bool& valid) noexcept {
  const std::uint64_t x = text & bytes(0x7f);
  const std::uint64_t digits = at_least(x, '0') & ~at_least(x, '9' + 1);
  const std::uint64_t letters = at_least(x, 'a') & ~at_least(x, 'f' + 1);
  valid &= (text & bytes(0x80)) == 0 && (digits | letters) == bytes(0x80);
  std::uint64_t nibbles = ((x & bytes(0x0f)) + (letters >> 7) * 9) & bytes(0x0f);
  nibbles = (nibbles | (nibbles >> 4)) & 0x00ff00ff00ff00ffU;
  nibbles = (nibbles | (nibbles >> 8)) & 0x0000ffff0000ffffU;
  return (nibbles | (nibbles >> 16)) & 0xffffffffU;
}

}  // namespace

void id_to_hex(std::uint64_t number, char* out16) noexcept {
  store_be64(out16, hex_digits(static_cast<std::uint32_t>(number >> 32)));
  store_be64(out16 + 8, hex_digits(static_cast<std::uint32_t>(number)));
}

std::optional<std::uint64_t> id_from_hex(const char* hex16) noexcept {
  bool valid = true;
  const std::uint64_t high = hex_value(load_be64(hex16), valid);
  const std::uint64_t low = hex_value(load_be64(hex16 + 8), valid);
  if (!valid) return std::nullopt;
  return (high << 32) | low;
}

MessageId MessageId::from_number(std::uint64_t number) noexcept {
  MessageId id;
  id_to_hex(number, id.bytes.data());
  return id;
}

std::optional<std::uint64_t> MessageId::number() const noexcept {
  return id_from_hex(bytes.data());
}

Result<MessageView> decode_message(std::string_view data) {
  if (data.size() < kMessageHeaderBytes)
    return fail(Errc::bad_frame, "message shorter than its header");
  MessageView message;
  message.timestamp_ns = static_cast<std::int64_t>(load_be64(data.data() + kTimestampOffset));
  message.attempts = load_be16(data.data() + kAttemptsOffset);
  std::memcpy(message.id.bytes.data(), data.data() + kIdOffset, kMessageIdBytes);
  message.body = data.substr(kMessageHeaderBytes);
  return message;
}

char* write_message_frame_header(char* to, std::int64_t timestamp_ns, std::uint16_t attempts,
                                 const MessageId& id, std::size_t body_bytes) noexcept {
  store_be32(to, static_cast<std::uint32_t>(4 + kMessageHeaderBytes + body_bytes));
  store_be32(to + 4, static_cast<std::uint32_t>(FrameType::message));
  char* header = to + kFrameHeaderBytes;
  store_be64(header + kTimestampOffset, static_cast<std::uint64_t>(timestamp_ns));
  store_be16(header + kAttemptsOffset, attempts);
  std::memcpy(header + kIdOffset, id.bytes.data(), kMessageIdBytes);
  return header + kMessageHeaderBytes;
}

char* write_message_frame(char* to, std::int64_t timestamp_ns, std::uint16_t attempts,
                          const MessageId& id, std::string_view body) noexcept {
  char* at = write_message_frame_header(to, timestamp_ns, attempts, id, body.size());
  if (!body.empty()) std::memcpy(at, body.data(), body.size());
  return at + body.size();
}

}  // namespace nsq::wire
