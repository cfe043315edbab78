#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace nsq::wire {

/// What a frame from the server carries. Source: spec/nsqd.md 1.3.
enum class FrameType : std::uint32_t { response = 0, error = 1, message = 2 };

// The texts of response frames that mean something to the connection itself.
inline constexpr std::string_view kOk = "OK";
inline constexpr std::string_view kHeartbeat = "_heartbeat_";
inline constexpr std::string_view kCloseWait = "CLOSE_WAIT";

/// The first bytes that a client sends.
inline constexpr std::string_view kMagicV2 = "  V2";

/// Appends one frame: [size u32 BE = 4 + data][type u32 BE][data]. `data` below 2^31 - 4 bytes.
void append_frame(std::string& out, FrameType type, std::string_view data);

/// A frame cut off the stream; `data` points into it.
struct DecodedFrame {
  FrameType type = FrameType::response;
  std::string_view data{};
  std::size_t consumed = 0;  ///< bytes of the whole frame
};

/// Splits the first frame off `in`.
///
/// @param in        bytes received so far; may hold less or more than one frame.
/// @param max_size  largest accepted value of the size field, in bytes.
/// @return the frame; or Errc::need_more (nothing consumed, call again with more bytes), or
///         Errc::frame_too_large or Errc::bad_frame (size below 4 or negative, unknown type): the
///         stream is lost, close the connection. Both are told as soon as the bytes show it.
/// No state, no allocation but for errors, any thread. Source: spec/client.md 1, "Wire primitives".
Result<DecodedFrame> decode_frame(std::string_view in, std::uint32_t max_size);

}  // namespace nsq::wire
