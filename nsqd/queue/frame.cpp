#include "nsqd/queue/frame.hpp"

#include <cstring>

#include "common/base/assert.hpp"
#include "common/wire/frame.hpp"
#include "common/wire/message.hpp"

namespace nsqd {
namespace {
constexpr std::uint32_t kFrameTimestampAt = 4 + 4;
}

char* write_unstamped_frame(char* to, std::string_view body) noexcept {
  const auto bytes = static_cast<std::uint32_t>(kFrameOverhead + body.size());
  nsq::store_be32(to, bytes - 4);
  nsq::store_be32(to + 4, static_cast<std::uint32_t>(nsq::wire::FrameType::message));
  nsq::store_be16(to + kFrameAttemptsAt, 1);
  std::memcpy(to + kFrameOverhead, body.data(), body.size());
  return to + bytes;
}

char* write_frame(char* to, std::int64_t timestamp, std::uint64_t id,
                  std::string_view body) noexcept {
  stamp_frame(to, timestamp, id);
  return write_unstamped_frame(to, body);
}

void stamp_frame(char* frame, std::int64_t timestamp, std::uint64_t id) noexcept {
  nsq::store_be64(frame + kFrameTimestampAt, static_cast<std::uint64_t>(timestamp));
  nsq::wire::id_to_hex(id, frame + kFrameIdAt);
}

std::uint64_t frame_id(const char* frame) noexcept {
  const auto id = nsq::wire::id_from_hex(frame + kFrameIdAt);
  NSQ_ASSERT(id.has_value());
  return *id;
}

}  // namespace nsqd
