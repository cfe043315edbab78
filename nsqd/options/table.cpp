#include "nsqd/options/table.hpp"

#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "common/config/log_level.hpp"
#include "common/config/values.hpp"

namespace nsqd {
namespace {

using nsq::config::Bounds;
using nsq::config::Custom;
using nsq::config::FlagSet;
using nsq::config::kNotNegative;
using nsq::config::kPositive;
using nsq::config::log_format;
using nsq::config::log_level;

constexpr Bounds kNodeId{.min = 0, .max = 1023, .rule = "be [0,1024)"};
constexpr Bounds kDeflateLevel{.min = 1, .max = 9, .rule = "be [1,9]"};
constexpr Bounds kPort{.min = 0, .max = 65535, .rule = "be [0,65535]"};
// A batch of that size, even of messages of one byte each, is one run of 32-bit positions.
constexpr Bounds kBodySize{.min = 1, .max = 200 << 20, .rule = "be [1,209715200]"};
constexpr Bounds kIoThreads{.min = 0, .max = 1024, .rule = "be [0,1024]"};

constexpr std::array<std::pair<std::string_view, TlsVersion>, 4> kTlsVersions{{
    {"tls1.0", TlsVersion::tls1_0},
    {"tls1.1", TlsVersion::tls1_1},
    {"tls1.2", TlsVersion::tls1_2},
    {"tls1.3", TlsVersion::tls1_3},
}};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

template <class Enum>
std::string number_of(Enum value) {
  return fmt::format("{}", static_cast<int>(value));
}

Custom durability(Durability& target) {
  return {.set = [&target](std::string_view text) -> nsq::Result<void> {
            const auto parsed = parse_durability(text);
            if (!parsed) {
              return nsq::fail(nsq::Errc::bad_config,
                               fmt::format("invalid durability '{}' (disk, sync, memory)", text));
            }
            target = *parsed;
            return {};
          },
          .text = [&target] { return std::string(to_string(target)); },
          .shown = [&target] { return std::string(to_string(target)); }};
}

Custom tls_required(TlsRequired& target) {
  return {.set = [&target](std::string_view text) -> nsq::Result<void> {
            const auto lower = lower_case(text);
            if (lower == "tcp-https") {
              target = TlsRequired::except_http;
              return {};
            }
            const auto yes = nsq::config::parse_bool(lower);
            if (!yes) return std::unexpected(yes.error());
            target = *yes ? TlsRequired::yes : TlsRequired::no;
            return {};
          },
          .shown = [&target] { return number_of(target); },
          .boolean_like = true};
}

Custom tls_min_version(TlsVersion& target) {
  return {.set = [&target](std::string_view text) -> nsq::Result<void> {
            const auto lower = lower_case(text);
            if (lower.empty()) target = TlsVersion::tls1_0;
            if (lower.empty()) return {};
            for (const auto& [name, version] : kTlsVersions) {
              if (name != lower) continue;
              target = version;
              return {};
            }
            return nsq::fail(nsq::Errc::bad_config,
                             fmt::format("unknown TLS version {}", nsq::config::quote(text)));
          },
          .text = [&target]() -> std::string {
            for (const auto& [name, version] : kTlsVersions) {
              if (version == target) return std::string(name);
            }
            return {};
          },
          .shown = [&target] { return number_of(target); }};
}

// A flag that upstream has dropped but still takes.
Custom ignored_boolean() {
  return {.set = [](std::string_view text) -> nsq::Result<void> {
            const auto parsed = nsq::config::parse_bool(text);
            if (!parsed) return std::unexpected(parsed.error());
            return {};
          },
          .boolean_like = true};
}

// One row an option: flag, key, help, unit, bounds; then the setting, whose value is the default.
// clang-format off

void declare_basics(FlagSet& f, Options& o, bool& version) {
  f.add({"version", "", "print version string"}, version);
  f.add({"config", "", "path to config file"}, o.config);
  f.add({"inspect", "", "describe the stopped data path in this directory, changing nothing, and exit"}, o.inspect);
  f.add({"export-upstream", "", "write all queues of the stopped --data-path as those of an upstream nsqd to this empty directory, and exit"}, o.export_upstream);
  f.add({"log-level", "log_level", "set log verbosity: debug, info, warn, error, or fatal"}, log_level(o.log_level));
  f.add({"log-format", "log_format", "form of log lines: text, or json for one object a line"}, log_format(o.log_format));
  f.add({"log-prefix", "log_prefix", "text before each log line"}, o.log_prefix);
  f.add({"verbose", "", "deprecated, has no effect (use --log-level)"}, ignored_boolean());
  f.add({"worker-id", "", "deprecated, has no effect (use --node-id)"}, ignored_boolean());
  f.add({"node-id", "id", "number of this node in [0,1024), part of each message id", "", kNodeId}, o.node_id);
  f.add({"io-threads", "io_threads", "threads that serve connections; 0: one a core", "", kIoThreads}, o.io_threads);
}

void declare_addresses(FlagSet& f, Options& o) {
  f.add({"tcp-address", "tcp_address", "<addr>:<port> or unix socket path to listen on for TCP clients"}, o.tcp_address);
  f.add({"http-address", "http_address", "<addr>:<port> or unix socket path to listen on for HTTP clients; empty: no HTTP"}, o.http_address);
  f.add({"https-address", "https_address", "<addr>:<port> to listen on for HTTPS clients; only with TLS; empty: no HTTPS"}, o.https_address);
  f.add({"broadcast-address", "broadcast_address", "address announced to nsqlookupd"}, o.broadcast_address);
  f.add({"broadcast-tcp-port", "broadcast_tcp_port", "TCP port announced to nsqlookupd; 0: the real one", "", kPort}, o.broadcast_tcp_port);
  f.add({"broadcast-http-port", "broadcast_http_port", "HTTP port announced to nsqlookupd; 0: the real one, of HTTPS where plain HTTP is off", "", kPort}, o.broadcast_http_port);
  f.add({"lookupd-tcp-address", "nsqlookupd_tcp_addresses", "TCP address of an nsqlookupd (may be given multiple times)"}, o.lookupd_tcp_addresses);
  f.add({"lookupd-tls", "nsqlookupd_tls", "reach the nsqlookupds over TLS, checking their certificates against --tls-root-ca-file"}, o.lookupd_tls);
  f.add({"auth-http-address", "auth_http_addresses", "<addr>:<port> of an auth server (may be given multiple times)"}, o.auth_http_addresses);
  f.add({"auth-http-request-method", "auth_http_request_method", "HTTP method of auth requests: get or post"}, o.auth_http_request_method);
  f.add({"auth-file", "auth_file", "path to the identities and their permissions, for TCP and HTTP (TOML)"}, o.auth_file);
  f.add({"http-client-connect-timeout", "http_client_connect_timeout", "time to connect for outgoing HTTP; 0: no limit", "", kNotNegative}, o.http_client_connect_timeout);
  f.add({"http-client-request-timeout", "http_client_request_timeout", "time for a whole outgoing HTTP request; 0: no limit", "", kNotNegative}, o.http_client_request_timeout);
}

void declare_topology(FlagSet& f, Options& o) {
  f.add({"topology-region", "topology_region", "region of this node"}, o.topology_region);
  f.add({"topology-zone", "topology_zone", "zone of this node within its region"}, o.topology_zone);
  f.add({"enable-experiment", "enable_experiment", "experimental feature to enable (may be given multiple times): topology-aware-consumption"}, o.enable_experiment);
}

void declare_storage(FlagSet& f, Options& o) {
  f.add({"data-path", "data_path", "directory of the messages, which must exist; empty: the current one"}, o.data_path);
  f.add({"mem-queue-size", "mem_queue_size", "messages to keep in memory, per topic and per channel", "", kNotNegative}, o.mem_queue_size);
  f.add({"mem-queue-bytes", "mem_queue_bytes", "bytes of messages to keep in memory, per topic and per channel", "", kNotNegative}, o.mem_queue_bytes);
  f.add({"max-memory", "max_memory", "bytes of messages to keep in memory, of all topics and channels", "", kNotNegative}, o.max_memory);
  f.add({"min-free-disk", "min_free_disk", "bytes that must be free on the disk, or publishes are refused", "", kNotNegative}, o.min_free_disk);
  f.add({"durability", "durability", "what a publish to a new topic survives once it is answered: disk (a crash of nsqd), sync (of the machine) or memory (none)"}, durability(o.durability));
  f.add({"max-bytes-per-file", "max_bytes_per_file", "bytes per file of --export-upstream", "", kPositive}, o.max_bytes_per_file);
  f.add({"sync-every", "sync_every", "commits per fsync; 0: as many as --sync-timeout allows", "", kNotNegative}, o.sync_every);
  f.add({"sync-timeout", "sync_timeout", "time between fsyncs; 0: every operation", "", kNotNegative}, o.sync_timeout);
  f.add({"queue-scan-worker-pool-max", "queue_scan_worker_pool_max", "accepted for compatibility, has no effect", "", kNotNegative}, o.queue_scan_worker_pool_max);
  f.add({"queue-scan-selection-count", "queue_scan_selection_count", "accepted for compatibility, has no effect", "", kNotNegative}, o.queue_scan_selection_count);
}

void declare_messages(FlagSet& f, Options& o) {
  f.add({"msg-timeout", "msg_timeout", "time that a client has to finish a message", "", kPositive}, o.msg_timeout);
  f.add({"max-msg-timeout", "max_msg_timeout", "longest time that a client may ask for to finish a message", "", kPositive}, o.max_msg_timeout);
  f.add({"max-msg-size", "max_msg_size", "largest body of a message in bytes", "", kBodySize}, o.max_msg_size);
  f.add({"max-req-timeout", "max_req_timeout", "longest delay of a requeued or deferred message", "", kNotNegative}, o.max_req_timeout);
  f.add({"max-body-size", "max_body_size", "largest body of a command in bytes", "", kBodySize}, o.max_body_size);
}

void declare_clients(FlagSet& f, Options& o) {
  f.add({"max-heartbeat-interval", "max_heartbeat_interval", "longest heartbeat interval that a client may ask for", "", kNotNegative}, o.max_heartbeat_interval);
  f.add({"max-rdy-count", "max_rdy_count", "largest RDY count of a client", "", kNotNegative}, o.max_rdy_count);
  f.add({"max-output-buffer-size", "max_output_buffer_size", "largest output buffer in bytes that a client may ask for", "", kNotNegative}, o.max_output_buffer_size);
  f.add({"max-output-buffer-timeout", "max_output_buffer_timeout", "longest time between flushes that a client may ask for", "", kNotNegative}, o.max_output_buffer_timeout);
  f.add({"min-output-buffer-timeout", "min_output_buffer_timeout", "shortest time between flushes that a client may ask for", "", kNotNegative}, o.min_output_buffer_timeout);
  f.add({"output-buffer-timeout", "output_buffer_timeout", "longest time before data is flushed to a client; 0: no timed flush", "", kNotNegative}, o.output_buffer_timeout);
  f.add({"max-channel-consumers", "max_channel_consumers", "most consumers of a channel; 0: no limit", "", kNotNegative}, o.max_channel_consumers);
}

void declare_statistics(FlagSet& f, Options& o) {
  f.add({"statsd-address", "statsd_address", "UDP <addr>:<port> of a statsd daemon; empty: off"}, o.statsd_address);
  f.add({"statsd-prefix", "statsd_prefix", "prefix of statsd keys, %s standing for this host"}, o.statsd_prefix);
  f.add({"statsd-interval", "statsd_interval", "time between pushes to statsd", "", kNotNegative}, o.statsd_interval);
  f.add({"statsd-mem-stats", "statsd_mem_stats", "send memory statistics to statsd"}, o.statsd_mem_stats);
  f.add({"statsd-udp-packet-size", "statsd_udp_packet_size", "largest statsd datagram in bytes", "", kNotNegative}, o.statsd_udp_packet_size);
  f.add({"statsd-exclude-ephemeral", "statsd_exclude_ephemeral", "leave ephemeral topics and channels out of statsd"}, o.statsd_exclude_ephemeral);
  f.add({"metrics-per-client", "metrics_per_client", "add series of each consumer to /metrics"}, o.metrics_per_client);
  f.add({"e2e-processing-latency-percentile", "e2e_processing_latency_percentiles", "percentile of message processing time to track, in (0,1] (may be given multiple times or as a comma-separated list)"}, o.e2e_processing_latency_percentiles);
  f.add({"e2e-processing-latency-window-time", "e2e_processing_latency_window_time", "time over which those percentiles are taken", "", kPositive}, o.e2e_processing_latency_window_time);
}

void declare_tls(FlagSet& f, Options& o) {
  f.add({"tls-cert", "tls_cert", "path to the certificate file (PEM)"}, o.tls_cert);
  f.add({"tls-key", "tls_key", "path to the key file (PEM)"}, o.tls_key);
  f.add({"tls-client-auth-policy", "tls_client_auth_policy", "client certificates: 'require' or 'require-verify'"}, o.tls_client_auth_policy);
  f.add({"tls-root-ca-file", "tls_root_ca_file", "path to the certificate authorities that client certificates are checked against (PEM)"}, o.tls_root_ca_file);
  f.add({"tls-required", "tls_required", "require TLS of clients: true, false, or tcp-https, which leaves plain HTTP open"}, tls_required(o.tls_required));
  f.add({"tls-min-version", "tls_min_version", "lowest accepted TLS version: tls1.0, tls1.1, tls1.2 or tls1.3"}, tls_min_version(o.tls_min_version));
}

void declare_compression(FlagSet& f, Options& o) {
  f.add({"deflate", "deflate", "let clients negotiate deflate compression"}, o.deflate);
  f.add({"max-deflate-level", "max_deflate_level", "highest deflate level that a client may ask for, in [1,9]", "", kDeflateLevel}, o.max_deflate_level);
  f.add({"snappy", "snappy", "let clients negotiate snappy compression"}, o.snappy);
}

// clang-format on

}  // namespace

void declare(FlagSet& flags, Options& options, bool& version) {
  declare_basics(flags, options, version);
  declare_addresses(flags, options);
  declare_topology(flags, options);
  declare_storage(flags, options);
  declare_messages(flags, options);
  declare_clients(flags, options);
  declare_statistics(flags, options);
  declare_tls(flags, options);
  declare_compression(flags, options);
}

}  // namespace nsqd
