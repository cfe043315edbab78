#pragma once

#include <cstdint>
#include <expected>

#include "common/base/clock.hpp"
#include "common/wire/identify.hpp"
#include "common/wire/protocol_error.hpp"
#include "nsqd/options/options.hpp"
#include "nsqd/queue/consumer.hpp"

namespace nsqd {

/// What IDENTIFY settles for one connection.
struct ClientSettings {
  nsq::Nanoseconds heartbeat_interval = nsq::Seconds(30);  ///< zero: no heartbeats and no deadlines
  nsq::Nanoseconds msg_timeout{};
  nsq::Nanoseconds
      output_buffer_timeout{};              ///< a limit that is never reached: output does not wait
  std::int64_t output_buffer_size = 16384;  ///< likewise
  std::int32_t sample_rate = 0;
};

/// The settings of a connection that never identifies.
ClientSettings default_settings(const Options& options);

/// How near a client that identified itself so is; `elsewhere` unless the experiment
/// topology-aware-consumption is enabled. Source: spec/nsqd.md 5.15.
Locality locality_of(const nsq::wire::IdentifyRequest& request, const Options& options);

/// The layers that an IDENTIFY was granted: they are put on the connection once its answer is out.
struct Layers {
  bool tls = false;
  bool snappy = false;
  int deflate_level = 0;  ///< 1 to 9; 0: no deflate

  bool any() const noexcept { return tls || snappy || deflate_level > 0; }
};

/// What the server answers to IDENTIFY.
struct Negotiated {
  ClientSettings settings;
  Layers layers;
  nsq::wire::IdentifyResponse response;
};

/// Checks a client's wishes against the server's limits and grants them. Fields that the client
/// left out keep what `current` says. No layers without feature negotiation. Source: spec/nsqd.md
/// 2.2, 2.3.
std::expected<Negotiated, nsq::wire::ProtocolError> negotiate(
    const nsq::wire::IdentifyRequest& request, const ClientSettings& current,
    const Options& options);

}  // namespace nsqd
