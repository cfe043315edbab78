#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "clients/tools/nsq_bench/frames.hpp"

namespace nsq::bench {

/// What a server answered to a publisher in one receive.
struct Replies {
  std::uint64_t ok = 0;
  std::uint64_t heartbeats = 0;
  std::string error;  ///< the first answer that is no success; empty if there is none
};

/// Reads whole answers off `in` and adds them to `replies`. A publisher has one of the two below.
using ScanReplies = ScanResult (*)(std::string_view in, Replies& replies);

/// Frames of the TCP protocol.
ScanResult scan_frame_replies(std::string_view in, Replies& replies);

/// HTTP/1.1 responses with a Content-Length; 200 is a success.
ScanResult scan_http_replies(std::string_view in, Replies& replies);

}  // namespace nsq::bench
