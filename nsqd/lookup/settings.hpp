#pragma once

#include <cstddef>
#include <optional>

#include "common/base/clock.hpp"
#include "common/net/tls_context.hpp"
#include "nsqd/lookup/lookupd_messages.hpp"
#include "nsqd/options/options.hpp"

namespace nsqd {

/// How nsqd deals with its nsqlookupds. The initial values are those of spec/nsqd.md 7.
struct LookupSettings {
  LookupIdentity identity;
  std::size_t max_reply_bytes = 5242880;  ///< of any answer, TCP or HTTP

  nsq::Nanoseconds io_timeout = nsq::Seconds(1);  ///< to connect, to write, for each reply
  nsq::Nanoseconds ping_interval = nsq::Seconds(15);

  /// Between tries to connect: from the first to the last, doubling.
  nsq::Nanoseconds first_retry = nsq::Milliseconds(100);
  nsq::Nanoseconds last_retry = nsq::Seconds(15);

  nsq::Nanoseconds http_connect_timeout = nsq::Seconds(2);
  nsq::Nanoseconds http_request_timeout = nsq::Seconds(5);

  /// How to reach their ports; nothing: in plain text.
  std::optional<nsq::net::TlsClientConfig> tls{};

  /// The longest time for which a new topic keeps its messages for channels that nsqlookupd may
  /// know.
  nsq::Nanoseconds longest_preparation() const noexcept {
    return http_connect_timeout + http_request_timeout;
  }
};

/// What the options say. They must be the effective ones, with the real ports.
LookupSettings lookup_settings(const Options& options);

}  // namespace nsqd
