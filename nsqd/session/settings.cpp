#include "nsqd/session/settings.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

#include <fmt/core.h>

namespace nsqd {

using nsq::Milliseconds;
using nsq::Nanoseconds;
using nsq::wire::ProtocolError;

namespace {

constexpr std::string_view kTopologyAware = "topology-aware-consumption";

constexpr std::int64_t kMinHeartbeatMs = 1000;
constexpr std::int64_t kMinMsgTimeoutMs = 1000;
constexpr std::int64_t kMinOutputBufferBytes = 64;
constexpr std::int64_t kMaxSampleRate = 99;
constexpr std::int64_t kDefaultDeflateLevel = 6;

std::int64_t to_ms(Nanoseconds duration) {
  return std::chrono::duration_cast<Milliseconds>(duration).count();
}

std::unexpected<ProtocolError> invalid(std::string_view field, std::int64_t value) {
  return std::unexpected(
      nsq::wire::bad_body(fmt::format("IDENTIFY {} ({}) is invalid", field, value)));
}

Layers grant_layers(const nsq::wire::IdentifyRequest& request, const Options& options,
                    std::int64_t deflate_level) {
  Layers layers;
  if (!request.feature_negotiation) return layers;
  layers.tls = request.tls_v1 && has_certificate(options);
  layers.snappy = request.snappy && options.snappy;
  if (request.deflate && options.deflate) layers.deflate_level = static_cast<int>(deflate_level);
  return layers;
}

std::int64_t effective_deflate_level(const nsq::wire::IdentifyRequest& request,
                                     const Options& options) {
  const bool asked = request.deflate && options.deflate && request.deflate_level > 0;
  return std::min(asked ? request.deflate_level : kDefaultDeflateLevel, options.max_deflate_level);
}

bool within(std::int64_t value, std::int64_t low, std::int64_t high) {
  return low <= value && value <= high;
}

}  // namespace

ClientSettings default_settings(const Options& options) {
  ClientSettings settings;
  settings.msg_timeout = options.msg_timeout;
  settings.output_buffer_timeout = options.output_buffer_timeout;
  return settings;
}

Locality locality_of(const nsq::wire::IdentifyRequest& request, const Options& options) {
  const bool enabled = std::ranges::find(options.enable_experiment, kTopologyAware) !=
                       options.enable_experiment.end();
  if (!enabled) return Locality::elsewhere;
  if (request.topology_zone == options.topology_zone) return Locality::zone;
  if (request.topology_region == options.topology_region) return Locality::region;
  return Locality::elsewhere;
}

std::expected<Negotiated, ProtocolError> negotiate(const nsq::wire::IdentifyRequest& request,
                                                   const ClientSettings& current,
                                                   const Options& options) {
  Negotiated result{current, {}, {}};
  ClientSettings& settings = result.settings;

  if (const auto ms = request.heartbeat_interval; ms == -1) {
    settings.heartbeat_interval = Nanoseconds::zero();
  } else if (ms != 0) {
    if (!within(ms, kMinHeartbeatMs, to_ms(options.max_heartbeat_interval))) {
      return invalid("heartbeat interval", ms);
    }
    settings.heartbeat_interval = Milliseconds(ms);
  }

  if (const auto ms = request.output_buffer_timeout; ms == -1) {
    settings.output_buffer_timeout = Nanoseconds::zero();
  } else if (ms != 0) {
    if (!within(ms, to_ms(options.min_output_buffer_timeout),
                to_ms(options.max_output_buffer_timeout))) {
      return invalid("output buffer timeout", ms);
    }
    settings.output_buffer_timeout = Milliseconds(ms);
  }

  if (const auto bytes = request.output_buffer_size; bytes == -1) {
    settings.output_buffer_size = 1;
    settings.output_buffer_timeout = Nanoseconds::zero();
  } else if (bytes != 0) {
    if (!within(bytes, kMinOutputBufferBytes, options.max_output_buffer_size)) {
      return invalid("output buffer size", bytes);
    }
    settings.output_buffer_size = bytes;
  }

  if (!within(request.sample_rate, 0, kMaxSampleRate)) {
    return invalid("sample rate", request.sample_rate);
  }
  settings.sample_rate = request.sample_rate;

  if (const auto ms = request.msg_timeout; ms != 0) {
    if (!within(ms, kMinMsgTimeoutMs, to_ms(options.max_msg_timeout))) {
      return invalid("msg timeout", ms);
    }
    settings.msg_timeout = Milliseconds(ms);
  }

  auto& response = result.response;
  response.deflate_level = effective_deflate_level(request, options);
  const Layers& layers = result.layers = grant_layers(request, options, response.deflate_level);
  if (layers.snappy && layers.deflate_level > 0) {
    return std::unexpected(nsq::wire::fatal_error(
        "E_IDENTIFY_FAILED", "cannot enable both deflate and snappy compression"));
  }
  response.tls_v1 = layers.tls;
  response.snappy = layers.snappy;
  response.deflate = layers.deflate_level > 0;
  response.max_rdy_count = options.max_rdy_count;
  response.version = NSQ_VERSION;
  response.max_msg_timeout = to_ms(options.max_msg_timeout);
  response.msg_timeout = to_ms(settings.msg_timeout);
  response.max_deflate_level = options.max_deflate_level;
  response.sample_rate = settings.sample_rate;
  response.output_buffer_size = settings.output_buffer_size;
  response.output_buffer_timeout = to_ms(settings.output_buffer_timeout);
  response.topology_region = options.topology_region;
  response.topology_zone = options.topology_zone;
  return result;
}

}  // namespace nsqd
