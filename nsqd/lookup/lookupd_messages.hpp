#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace nsqd {

// The bytes between nsqd and nsqlookupd, as values. Source: spec/nsqd.md 7.

/// What nsqd tells of itself.
struct LookupIdentity {
  std::string broadcast_address;
  std::string hostname;
  std::int64_t http_port = 0;
  std::int64_t tcp_port = 0;
  std::string topology_region;
  std::string topology_zone;
  std::string version;
};

/// The magic and IDENTIFY: the first bytes of a connection.
std::string encode_hello(const LookupIdentity& identity);

/// What an nsqlookupd answers to IDENTIFY, as far as it matters.
struct LookupdInfo {
  std::string broadcast_address;  ///< empty: its HTTP API cannot be asked
  std::int64_t tcp_port = 0;
  std::int64_t http_port = 0;
  std::string version;

  friend bool operator==(const LookupdInfo&, const LookupdInfo&) = default;
};

/// Reads the answer to IDENTIFY. @return Errc::rejected when it is an error (`E_…`), which is the
/// text; Errc::bad_json when it is no JSON object of these members.
nsq::Result<LookupdInfo> parse_lookupd_info(std::string_view reply);

/// The channel names in the answer to `/channels?topic=`, as they come: unchecked.
/// @return Errc::bad_json when it is none.
nsq::Result<std::vector<std::string>> parse_channels_answer(std::string_view body);

/// Cuts replies, [size u32 BE][bytes], out of a stream.
class ReplyReader {
 public:
  /// @param max_bytes  the largest accepted reply.
  explicit ReplyReader(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void add(std::string_view bytes) { buffer_ += bytes; }

  /// The next complete reply; nothing when more bytes are needed; Errc::frame_too_large when its
  /// size is negative or beyond the limit: the stream is lost.
  nsq::Result<std::optional<std::string>> next();

  /// Whether all that was added has been taken.
  bool empty() const noexcept { return buffer_.empty(); }

 private:
  const std::size_t max_bytes_;
  std::string buffer_;
};

}  // namespace nsqd
