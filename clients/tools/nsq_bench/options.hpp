#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/nsq/config.hpp"
#include "clients/tools/nsq_bench/command.hpp"
#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/config/flag_set.hpp"

namespace nsq::bench {

/// What to measure: the program's first argument.
enum class Mode { pub, sub, pubsub, conns, defer, http, topics };

std::optional<Mode> parse_mode(std::string_view text);
std::string_view to_string(Mode mode);

/// Everything the command line says. A mode declares the flags that mean something to it; the
/// others keep their defaults.
struct Options {
  Mode mode = Mode::pub;

  std::string tcp_address = "127.0.0.1:4150";
  std::string http_address;
  std::string topic = "nsq_bench";
  std::vector<std::string> channel_names;
  std::int64_t channels = 1;
  std::int64_t topics = 1;

  std::int64_t body_bytes = 200;
  std::int64_t connections = 1;
  std::int64_t consumers = 1;  ///< connections a channel
  std::int64_t threads = 1;
  std::int64_t messages = 0;  ///< 0: as many as run_for allows
  Nanoseconds run_for{0};     ///< 0: until `messages` are done
  std::int64_t batch = 1;
  std::int64_t depth = 64;
  double rate = 0;  ///< offered messages/s of all connections together; 0: saturation
  std::int64_t window = 0;
  std::int64_t rdy = 2500;
  std::int64_t output_buffer_size = 0;  ///< 0: the server's default; so for the next one
  std::int64_t output_buffer_timeout_ms = 0;
  client::Config client;  ///< TLS, compression and AUTH of all connections
  bool words = false;     ///< bodies of words instead of noise

  Nanoseconds delay_min{0};
  Nanoseconds delay_max{0};

  bool fresh = false;
  bool prefill = false;
  Nanoseconds settle = Seconds(2);
  Nanoseconds hold = Seconds(10);
  Nanoseconds idle = Seconds(5);
  Nanoseconds timeout = Seconds(600);

  std::int64_t pid = 0;
  bool json_only = false;

  /// The channels to consume: the names given, or `channels` names made up.
  std::vector<std::string> consumed_channels() const;

  Filling filling() const noexcept { return words ? Filling::words : Filling::noise; }
  /// Whether TLS is asked of nsqd's TCP port.
  bool tls() const noexcept { return client.values.tls_v1 || client.values.tls_required; }
  /// Whether IDENTIFY has to agree on something.
  bool negotiates() const noexcept;
  /// What is negotiated, for the report: `tls snappy`; empty for nothing.
  std::string layers() const;

  bool https() const noexcept;
  /// Host and port of nsqd's HTTP API.
  std::string_view http_host() const noexcept;
  /// The lines of a request to it that are always the same, each with its end.
  std::string http_headers() const;
};

/// Declares the mode's flags, bound to `options`, whose defaults it adapts to the mode.
void declare_flags(config::FlagSet& flags, Options& options);

/// What FlagSet's bounds cannot say: that flags fit together. Errc::bad_config.
Result<void> validate(Options& options);

/// The text that `nsq_bench` without a mode, or with -h, prints.
std::string_view modes_help();

}  // namespace nsq::bench
