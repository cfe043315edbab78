#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "common/base/bytes.hpp"
#include "common/base/clock.hpp"

namespace nsq::client {

enum class BackoffStrategy : std::uint8_t { exponential, full_jitter };

enum class TlsVersion : std::uint8_t { ssl3_0, tls1_0, tls1_1, tls1_2, tls1_3 };

/// Everything that can be set, by its wire or option name. Made by Config, which checks it;
/// constant from then on. Sizes are bytes. Source: spec/client.md 13.
struct Options {
  // The connection.
  Nanoseconds dial_timeout = Seconds(1);  ///< 0: the operating system's
  Nanoseconds handshake_timeout = Seconds(5);
  Nanoseconds read_timeout = Seconds(60);  ///< silence that ends a connection
  Nanoseconds write_timeout = Seconds(1);  ///< for one flush
  std::string local_addr;                  ///< `host:port` to dial from; empty: any
  std::int64_t max_frame_size = static_cast<std::int64_t>(64_MiB);

  // What IDENTIFY says.
  std::string client_id;  ///< empty in Options only if the host has no name
  std::string hostname;
  std::string user_agent;
  Nanoseconds heartbeat_interval = Seconds(30);  ///< -1 ms or -1 ns: off
  std::int64_t sample_rate = 0;                  ///< percent; 0: everything
  std::int64_t output_buffer_size = 16384;       ///< -1: unbuffered, 0: the server's default
  Nanoseconds output_buffer_timeout = Milliseconds(250);  ///< -1 ms: no timed flush
  Nanoseconds msg_timeout{0};                             ///< 0: the server's default
  std::string topology_region;
  std::string topology_zone;

  // Consuming.
  std::int64_t max_in_flight = 1;  ///< over all connections; 0: paused
  std::int64_t max_attempts = 5;   ///< 0: unlimited
  Nanoseconds default_requeue_delay = Seconds(90);
  Nanoseconds max_requeue_delay = std::chrono::minutes(15);
  std::int64_t handler_concurrency = 1;
  Nanoseconds low_rdy_idle_timeout = Seconds(10);
  Nanoseconds low_rdy_timeout = Seconds(30);
  Nanoseconds rdy_redistribute_interval = Seconds(5);
  Nanoseconds reconnect_min = Milliseconds(250);
  Nanoseconds reconnect_max = Seconds(60);
  std::int64_t reconnect_max_attempts = 0;  ///< failures in a row that give an address up; 0: never
  Nanoseconds stop_timeout = Seconds(30);
  bool touch_while_handling = false;
  BackoffStrategy backoff_strategy = BackoffStrategy::exponential;
  Nanoseconds max_backoff_duration = std::chrono::minutes(2);
  Nanoseconds backoff_multiplier = Seconds(1);

  // Publishing.
  Nanoseconds publish_timeout = Seconds(5);
  std::int64_t max_msg_size = static_cast<std::int64_t>(1_MiB);   ///< 0: only the server checks
  std::int64_t max_body_size = static_cast<std::int64_t>(5_MiB);  ///< 0: only the server checks
  std::int64_t max_outstanding_messages = 10000;
  std::int64_t max_outstanding_bytes = static_cast<std::int64_t>(64_MiB);
  Nanoseconds linger{0};
  std::int64_t batch_max_messages = 1000;
  std::int64_t batch_max_bytes = static_cast<std::int64_t>(1_MiB);
  std::int64_t retry_budget = 10;  ///< percent

  // Discovery.
  Nanoseconds lookupd_poll_interval = Seconds(60);
  double lookupd_poll_jitter = 0.3;
  Nanoseconds lookupd_poll_timeout = std::chrono::minutes(1);
  /// Whether nsqlookupds are shown auth_secret (`Authorization: Bearer`). Unset: those that are
  /// asked over https.
  std::optional<bool> lookupd_authorization;
  /// Other clients' name for it, whose sense is inverted: false is never.
  bool skip_lookupd_authorization = true;

  // TLS, compression, AUTH. tls_v1, tls_required and tls_server_name are for nsqds; the others
  // hold for nsqlookupds with https too.
  bool tls_v1 = false;
  bool tls_required = false;
  std::string tls_server_name;  ///< in place of the host's, in the certificate
  std::string tls_root_ca_file;
  std::string tls_cert;
  std::string tls_key;
  bool tls_insecure_skip_verify = false;
  TlsVersion tls_min_version = TlsVersion::tls1_2;
  bool snappy = false;
  bool deflate = false;
  std::int64_t deflate_level = 6;
  std::string auth_secret;

  bool heartbeats() const noexcept { return heartbeat_interval >= Nanoseconds(0); }
};

}  // namespace nsq::client
