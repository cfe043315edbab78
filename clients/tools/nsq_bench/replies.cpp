#include "clients/tools/nsq_bench/replies.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/core.h>

namespace nsq::bench {
namespace {

constexpr std::size_t kMaxHttpHead = 16 * 1024;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::optional<std::size_t> content_length(std::string_view head) {
  static constexpr std::string_view kName = "\r\ncontent-length:";
  const auto found = std::search(head.begin(), head.end(), kName.begin(), kName.end(),
                                 [](char a, char b) { return lower(a) == b; });
  if (found == head.end()) return std::nullopt;
  const char* at = &*found + kName.size();
  const char* const end = head.data() + head.size();
  while (at != end && *at == ' ') ++at;
  std::size_t length = 0;
  if (std::from_chars(at, end, length).ec != std::errc{}) return std::nullopt;
  return length;
}

}  // namespace

ScanResult scan_frame_replies(std::string_view in, Replies& replies) {
  return scan_frames(in, [&](std::uint32_t type, std::string_view data) {
    if (type == kResponseFrame && data == "OK") [[likely]] {
      ++replies.ok;
    } else if (type == kResponseFrame && data == "_heartbeat_") {
      ++replies.heartbeats;
    } else if (replies.error.empty()) {
      replies.error = type == kMessageFrame ? "a message for a publisher" : std::string(data);
    }
  });
}

ScanResult scan_http_replies(std::string_view in, Replies& replies) {
  static constexpr std::string_view kVersion = "HTTP/1.1 ";
  std::size_t at = 0;
  for (;;) {
    const std::string_view rest = in.substr(at);
    const std::size_t common = std::min(rest.size(), kVersion.size());
    if (rest.substr(0, common) != kVersion.substr(0, common)) return {.consumed = at, .bad = true};
    const std::size_t head_end = rest.find("\r\n\r\n");
    if (head_end == std::string_view::npos)
      return {.consumed = at, .bad = rest.size() > kMaxHttpHead};
    const std::string_view head = rest.substr(0, head_end + 2);
    const auto length = content_length(head);
    if (!length) return {.consumed = at, .bad = true};
    const std::size_t total = head_end + 4 + *length;
    if (rest.size() < total) return {.consumed = at};
    const std::string_view status = head.substr(kVersion.size(), 3);
    if (status == "200") {
      ++replies.ok;
    } else if (replies.error.empty()) {
      replies.error = fmt::format("HTTP {} {}", status, rest.substr(head_end + 4, *length));
    }
    at += total;
  }
}

}  // namespace nsq::bench
