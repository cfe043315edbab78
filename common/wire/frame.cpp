#include "common/wire/frame.hpp"

#include "common/base/bytes.hpp"
#include "common/wire/message.hpp"

namespace nsq::wire {

void append_frame(std::string& out, FrameType type, std::string_view data) {
  char header[kFrameHeaderBytes];
  store_be32(header, static_cast<std::uint32_t>(4 + data.size()));
  store_be32(header + 4, static_cast<std::uint32_t>(type));
  out.append(header, sizeof header);
  out.append(data);
}

Result<DecodedFrame> decode_frame(std::string_view in, std::uint32_t max_size) {
  if (in.size() < 4) return fail(Errc::need_more);
  const std::uint32_t size = load_be32(in.data());
  if (size < 4 || size > 0x7fffffffU) return fail(Errc::bad_frame, "frame size below 4");
  if (size > max_size) return fail(Errc::frame_too_large);
  if (in.size() < kFrameHeaderBytes) return fail(Errc::need_more);
  const std::uint32_t type = load_be32(in.data() + 4);
  if (type > static_cast<std::uint32_t>(FrameType::message)) {
    return fail(Errc::bad_frame, "unknown frame type");
  }
  const std::size_t whole = 4 + std::size_t{size};
  if (in.size() < whole) return fail(Errc::need_more);
  return DecodedFrame{.type = static_cast<FrameType>(type),
                      .data = in.substr(kFrameHeaderBytes, whole - kFrameHeaderBytes),
                      .consumed = whole};
}

}  // namespace nsq::wire
