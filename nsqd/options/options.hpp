#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/hostname.hpp"
#include "common/base/log.hpp"
#include "common/base/result.hpp"
#include "common/net/tls_context.hpp"
#include "nsqd/queue/durability.hpp"

namespace nsqd {

/// Who must use TLS. The numbers are those that GET /config/tls_required shows.
/// Source: spec/nsqd.md 4.2.
enum class TlsRequired : int { no = 0, except_http = 1, yes = 2 };

/// The lowest accepted TLS version, as its number on the wire. Source: spec/nsqd.md 4.1.
enum class TlsVersion : int { tls1_0 = 769, tls1_1 = 770, tls1_2 = 771, tls1_3 = 772 };

/// Every setting of nsqd. What start_up returns is validated; afterwards nobody changes it, so any
/// thread may read it. The initial values below are the defaults, except `node_id` and
/// `broadcast_address`, which default_options derives from the host name. Sizes are bytes.
/// Source: spec/nsqd.md 9.1.
struct Options {
  // basics
  std::string config;           ///< path of the TOML file, empty: none
  std::string inspect;          ///< describe this data path and end, unless empty
  std::string export_upstream;  ///< write an upstream data path there and end, unless empty
  nsq::LogLevel log_level = nsq::LogLevel::info;
  nsq::LogFormat log_format = nsq::LogFormat::text;
  std::string log_prefix = "[nsqd] ";
  std::int64_t node_id = 0;     ///< [0, 1024), part of message ids
  std::int64_t io_threads = 0;  ///< 0: as many as there are cores; see effective_io_threads

  // addresses; what is not host:port is the path of a unix socket (spec/nsqd.md 9.4)
  std::string tcp_address = "0.0.0.0:4150";
  std::string http_address = "0.0.0.0:4151";   ///< empty: no HTTP
  std::string https_address = "0.0.0.0:4152";  ///< only with TLS; empty: no HTTPS
  std::string broadcast_address;
  std::int64_t broadcast_tcp_port = 0;   ///< 0: the real port, filled in by resolve_effective
  std::int64_t broadcast_http_port = 0;  ///< likewise
  std::vector<std::string> lookupd_tcp_addresses;
  bool lookupd_tls = false;  ///< over TLS, TCP and HTTP
  std::vector<std::string> auth_http_addresses;
  std::string auth_http_request_method = "get";
  std::string auth_file;  ///< path of the identities (TOML), empty: none
  nsq::Nanoseconds http_client_connect_timeout = nsq::Seconds{2};  ///< 0: none
  nsq::Nanoseconds http_client_request_timeout = nsq::Seconds{5};  ///< 0: none

  // topology
  std::string topology_region;
  std::string topology_zone;
  std::vector<std::string> enable_experiment;

  // storage
  std::string data_path;                     ///< empty: the current directory
  std::int64_t mem_queue_size = 10000;       ///< messages, per topic and per channel
  std::int64_t mem_queue_bytes = 16 << 20;   ///< the same in bytes
  std::int64_t max_memory = 512 << 20;       ///< bytes of messages in the process
  std::int64_t min_free_disk = 256 << 20;    ///< bytes; with less, publishes are refused
  Durability durability = Durability::disk;  ///< of new topics
  std::int64_t max_bytes_per_file = 104857600;
  std::int64_t sync_every = 2500;                   ///< operations
  nsq::Nanoseconds sync_timeout = nsq::Seconds{2};  ///< 0: at once
  std::int64_t queue_scan_worker_pool_max = 4;      ///< accepted, nothing scans
  std::int64_t queue_scan_selection_count = 20;     ///< likewise

  // messages and clients
  nsq::Nanoseconds msg_timeout = std::chrono::minutes{1};
  nsq::Nanoseconds max_msg_timeout = std::chrono::minutes{15};
  std::int64_t max_msg_size = 1048576;
  nsq::Nanoseconds max_req_timeout = std::chrono::hours{1};
  std::int64_t max_body_size = 5242880;
  nsq::Nanoseconds max_heartbeat_interval = std::chrono::minutes{1};
  std::int64_t max_rdy_count = 2500;
  std::int64_t max_output_buffer_size = 65536;
  nsq::Nanoseconds max_output_buffer_timeout = nsq::Seconds{30};
  nsq::Nanoseconds min_output_buffer_timeout = nsq::Milliseconds{25};
  nsq::Nanoseconds output_buffer_timeout = nsq::Milliseconds{250};  ///< 0: no timed flush
  std::int64_t max_channel_consumers = 0;                           ///< per channel, 0: unlimited

  // statistics
  std::string statsd_address;  ///< empty: off
  std::string statsd_prefix = "nsq.%s";
  nsq::Nanoseconds statsd_interval = std::chrono::minutes{1};
  bool statsd_mem_stats = true;
  std::int64_t statsd_udp_packet_size = 508;
  bool statsd_exclude_ephemeral = false;
  bool metrics_per_client = false;
  std::vector<double> e2e_processing_latency_percentiles;  ///< each in (0, 1], in the order given
  nsq::Nanoseconds e2e_processing_latency_window_time = std::chrono::minutes{10};

  // TLS and compression
  std::string tls_cert;
  std::string tls_key;
  std::string tls_client_auth_policy;
  std::string tls_root_ca_file;
  TlsRequired tls_required = TlsRequired::no;
  TlsVersion tls_min_version = TlsVersion::tls1_0;
  bool deflate = true;
  std::int64_t max_deflate_level = 6;
  bool snappy = true;
};

/// Whether clients can be offered TLS, which also opens the HTTPS port.
inline bool has_certificate(const Options& options) noexcept {
  return !options.tls_cert.empty() || !options.tls_key.empty();
}

/// How nsqd serves TLS. REQUIRES: has_certificate(options).
nsq::net::TlsServerConfig tls_server_config(const Options& options);

/// How nsqlookupds are reached with lookupd_tls: checked against the root CA file, or the system's
/// authorities, and shown our own certificate if they ask.
nsq::net::TlsClientConfig lookupd_tls_config(const Options& options);

/// The defaults on this host.
Options default_options();

using nsq::os_hostname;

/// The default node id of a host: CRC-32 (IEEE) of the MD5 of its name, modulo 1024.
/// Source: spec/nsqd.md 5.13.
std::int64_t default_node_id(std::string_view hostname);

/// The number of I/O threads that `io_threads` asks for, at least 1.
unsigned effective_io_threads(const Options& options) noexcept;

/// The real ports of the listeners; nullopt for a unix socket or no listener.
struct RealPorts {
  std::optional<std::uint16_t> tcp;
  std::optional<std::uint16_t> http;  ///< of HTTPS where there is no plain HTTP
};

/// Fills in what is known only once the listeners are bound: broadcast ports left 0 become the real
/// ones, and `statsd_prefix` is expanded, with its trailing dot. Source: spec/nsqd.md 6.6, 8.
Options resolve_effective(Options options, const RealPorts& ports);

/// Checks what spec/nsqd.md 9.5 checks, in its order, and the bounds of every option; turns
/// `tls_required` on if a client-auth policy asks for it; reads the certificates. Settings that
/// this build cannot honour although safety may depend on them (AUTH) are refused.
/// Errc::bad_config; the context is the reason behind `failed to instantiate nsqd - `.
nsq::Result<void> validate(Options& options);

/// The value of the option with this config key as GET /config shows it: strings raw, durations as
/// nanoseconds, `log_level` and the TLS enumerations as numbers, the rest as JSON. nullopt if no
/// option has that key. Any thread. Source: spec/nsqd.md 6.6.
std::optional<std::string> show_option(const Options& options, std::string_view key);

}  // namespace nsqd
