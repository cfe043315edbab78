#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace nsq::wire {

/// What a client says about itself and asks for. 0 and "" mean "not said": the server's default.
/// Times are milliseconds; ranges and their check are the server's. Source: spec/nsqd.md 2.2.
struct IdentifyRequest {
  std::string client_id{};
  std::string hostname{};
  std::string user_agent{};
  bool feature_negotiation = false;
  std::int64_t heartbeat_interval = 0;     ///< -1: no heartbeats
  std::int64_t output_buffer_size = 0;     ///< bytes; -1: unbuffered
  std::int64_t output_buffer_timeout = 0;  ///< -1: no timed flush
  std::int32_t sample_rate = 0;            ///< percent
  std::int64_t msg_timeout = 0;
  bool tls_v1 = false;
  bool snappy = false;
  bool deflate = false;
  std::int64_t deflate_level = 0;
  std::string topology_region{};
  std::string topology_zone{};

  friend bool operator==(const IdentifyRequest&, const IdentifyRequest&) = default;
};

/// What the server grants. Unless set, what a client assumes of a server that answers a bare OK.
/// Times are milliseconds. Source: spec/nsqd.md 2.3, spec/client.md 3.
struct IdentifyResponse {
  std::int64_t max_rdy_count = 2500;
  std::string version{};
  std::int64_t max_msg_timeout = 900'000;
  std::int64_t msg_timeout = 60'000;
  bool tls_v1 = false;
  bool deflate = false;
  std::int64_t deflate_level = 0;
  std::int64_t max_deflate_level = 0;
  bool snappy = false;
  std::int64_t sample_rate = 0;
  bool auth_required = false;
  std::int64_t output_buffer_size = 0;
  std::int64_t output_buffer_timeout = 0;
  std::string topology_region{};
  std::string topology_zone{};
  /// Extensions of the protocol that the server has, as `"x":{"features":[…]}`; no member when
  /// empty.
  std::vector<std::string> features{};

  friend bool operator==(const IdentifyResponse&, const IdentifyResponse&) = default;
};

/// Server side: reads the body of IDENTIFY. Keys match in any letter case, the last duplicate wins,
/// null is absence, unknown keys are ignored, types are strict, bytes that are not UTF-8 become
/// U+FFFD. @return the request; or Errc::bad_json. Source: spec/nsqd.md 2.1.
Result<IdentifyRequest> parse_identify_request(std::string_view body);

/// Client side: the body to send. Leaves out what is 0, false or "" (which means the same).
std::string encode_identify_request(const IdentifyRequest& request);

/// Server side: the JSON answer, its members in the order of spec/nsqd.md 2.3.
std::string encode_identify_response(const IdentifyResponse& response);

/// Client side: reads the JSON answer. Unknown keys are ignored, absent ones keep the default
/// above. The bare OK of an old server is the caller's. @return the answer; or Errc::bad_json.
Result<IdentifyResponse> parse_identify_response(std::string_view text);

}  // namespace nsq::wire
