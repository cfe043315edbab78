#include "clients/tools/nsq_bench/options.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "clients/tools/nsq_bench/payload.hpp"

namespace nsq::bench {
namespace {

using config::Bounds;
using config::FlagSet;
using config::kNotNegative;
using config::kPositive;

constexpr std::array<std::pair<Mode, std::string_view>, 7> kModes{{{Mode::pub, "pub"},
                                                                   {Mode::sub, "sub"},
                                                                   {Mode::pubsub, "pubsub"},
                                                                   {Mode::conns, "conns"},
                                                                   {Mode::defer, "defer"},
                                                                   {Mode::http, "http"},
                                                                   {Mode::topics, "topics"}}};

constexpr Bounds kBodyBounds{.min = kPayloadBytes,
                             .max = 64 << 20,
                             .rule = "be 16 to 67108864: a body carries its identity"};
constexpr Bounds kPublisherBounds{.min = 1, .max = kMaxPublishers, .rule = "be 1 to 4096"};

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

/// What of the client library's options is of use here. The rest is refused rather than ignored.
Result<void> set_client_option(client::Config& config, std::string_view text) {
  std::string key(text.substr(0, text.find(',')));
  std::ranges::replace(key, '-', '_');
  static constexpr std::array<std::string_view, 4> kOthers{"snappy", "deflate", "deflate_level",
                                                           "auth_secret"};
  if (!key.starts_with("tls_") && std::ranges::find(kOthers, key) == kOthers.end()) {
    return fail(Errc::bad_config,
                key + " has no effect here: tls_*, snappy, deflate, deflate_level, auth_secret");
  }
  return config.set_pair(text);
}

bool publishes(Mode mode) {
  return mode == Mode::pub || mode == Mode::pubsub || mode == Mode::defer || mode == Mode::http;
}

void declare_common(FlagSet& flags, Options& o) {
  flags.add({.flag = "nsqd-tcp-address", .help = "nsqd's TCP address"}, o.tcp_address);
  flags.add({.flag = "nsqd-http-address",
             .help = "nsqd's HTTP address, as host:port or https://host:port; for -fresh and the "
                     "like"},
            o.http_address);
  flags.add({.flag = "client-opt",
             .help = "option of all connections, as key,value, for TLS, compression and AUTH: "
                     "tls_v1, tls_root_ca_file, tls_cert, tls_key, tls_insecure_skip_verify, "
                     "tls_min_version, snappy, deflate, deflate_level, auth_secret; may be given "
                     "several times"},
            config::Custom{.set = [&config = o.client](std::string_view text) {
              return set_client_option(config, text);
            }});
  flags.add({.flag = "topic", .help = "NSQ topic, or the beginning of several topics' names"},
            o.topic);
  flags.add({.flag = "pid",
             .help = "nsqd's process, to report its CPU time and memory",
             .bounds = kNotNegative},
            o.pid);
  flags.add({.flag = "json", .help = "print the JSON line alone"}, o.json_only);
  flags.add({.flag = "timeout", .help = "give up after this time", .bounds = kPositive}, o.timeout);
  flags.add({.flag = "fresh",
             .help = "delete the topic first, and make its channels before "
                     "anything is published (needs -nsqd-http-address)"},
            o.fresh);
}

void declare_bodies(FlagSet& flags, Options& o) {
  flags.add({.flag = "size", .help = "size of a body", .unit = "bytes", .bounds = kBodyBounds},
            o.body_bytes);
  flags.add(
      {.flag = "words", .help = "bodies of random words, which compress, instead of random bytes"},
      o.words);
}

void declare_publishing(FlagSet& flags, Options& o) {
  declare_bodies(flags, o);
  flags.add({.flag = "connections", .help = "publishing connections", .bounds = kPublisherBounds},
            o.connections);
  flags.add({.flag = "messages",
             .help = "messages to publish; 0: as many as -runfor allows",
             .bounds = kNotNegative},
            o.messages);
  flags.add({.flag = "depth",
             .help = "commands that a connection sends ahead of their answers",
             .bounds = kPositive},
            o.depth);
  flags.add({.flag = "rate",
             .help = "messages a second to offer, of all connections together, "
                     "evenly paced; 0: as many as the server takes"},
            o.rate);
  if (o.mode == Mode::defer) return;
  flags.add({.flag = "runfor",
             .help = "how long to publish (10s unless -messages is given)",
             .bounds = kNotNegative},
            o.run_for);
  if (o.mode == Mode::http) return;
  flags.add(
      {.flag = "batch", .help = "messages a command: 1 is PUB, more is MPUB", .bounds = kPositive},
      o.batch);
}

void declare_consuming(FlagSet& flags, Options& o) {
  flags.add({.flag = "channel", .help = "channel to consume (may be given multiple times)"},
            o.channel_names);
  flags.add(
      {.flag = "channels", .help = "number of channels, when none is named", .bounds = kPositive},
      o.channels);
  flags.add({.flag = "rdy", .help = "RDY of a consuming connection", .bounds = kPositive}, o.rdy);
  flags.add({.flag = o.mode == Mode::sub ? "connections" : "consumers",
             .help = "consuming connections a channel",
             .bounds = kPositive},
            o.consumers);
  flags.add(
      {.flag = "idle", .help = "stop when nothing has moved for this time", .bounds = kPositive},
      o.idle);
  flags.add({.flag = "output-buffer-size",
             .help = "IDENTIFY's output_buffer_size; 0: the server's default",
             .unit = "bytes"},
            o.output_buffer_size);
  flags.add({.flag = "output-buffer-timeout",
             .help = "IDENTIFY's output_buffer_timeout; 0: the server's default",
             .unit = "milliseconds"},
            o.output_buffer_timeout_ms);
}

void declare_rest(FlagSet& flags, Options& o) {
  switch (o.mode) {
    case Mode::pub:
      flags.add({.flag = "channels", .help = "channels that -fresh makes", .bounds = kNotNegative},
                o.channels);
      break;
    case Mode::sub:
      flags.add({.flag = "messages",
                 .help = "messages to consume from each channel; 0: until idle",
                 .bounds = kNotNegative},
                o.messages);
      declare_bodies(flags, o);  // of what -prefill publishes
      flags.add({.flag = "prefill", .help = "publish -messages first, unmeasured"}, o.prefill);
      flags.add(
          {.flag = "settle", .help = "wait between -prefill and consuming", .bounds = kNotNegative},
          o.settle);
      break;
    case Mode::pubsub:
      flags.add({.flag = "window",
                 .help = "publish no further ahead of the slowest channel than "
                         "this many messages; 0: no such limit",
                 .bounds = kNotNegative},
                o.window);
      break;
    case Mode::conns:
      flags.add({.flag = "connections", .help = "idle subscribed connections", .bounds = kPositive},
                o.connections);
      flags.add({.flag = "topics", .help = "topics to spread them over", .bounds = kPositive},
                o.topics);
      break;
    case Mode::defer:
      flags.add({.flag = "delay-min", .help = "shortest delay", .bounds = kNotNegative},
                o.delay_min);
      flags.add({.flag = "delay-max", .help = "longest delay", .bounds = kNotNegative},
                o.delay_max);
      break;
    case Mode::topics:
      flags.add({.flag = "topics", .help = "topics to make", .bounds = kPositive}, o.topics);
      flags.add({.flag = "channels", .help = "channels of each", .bounds = kNotNegative},
                o.channels);
      break;
    case Mode::http:
      break;
  }
}

void adapt_defaults(Options& o) {
  switch (o.mode) {
    case Mode::pub:
      o.channels = 0;
      break;
    case Mode::conns:
      o.connections = 1000;
      break;
    case Mode::defer:
      o.messages = 100'000;
      o.delay_min = Seconds(20);
      o.delay_max = Seconds(30);
      break;
    case Mode::http:
      o.connections = 16;
      o.depth = 1;
      o.http_address = "127.0.0.1:4151";
      break;
    case Mode::topics:
      o.topics = 1000;
      o.channels = 2;
      o.http_address = "127.0.0.1:4151";
      break;
    case Mode::sub:
    case Mode::pubsub:
      break;
  }
}

}  // namespace

std::optional<Mode> parse_mode(std::string_view text) {
  for (const auto& [mode, name] : kModes) {
    if (name == text) return mode;
  }
  return std::nullopt;
}

std::string_view to_string(Mode mode) {
  for (const auto& [each, name] : kModes) {
    if (each == mode) return name;
  }
  return "";
}

std::string_view modes_help() {
  return "Usage: nsq_bench <mode> [flags], nsq_bench <mode> -h for a mode's flags\n"
         "  pub     publish as fast as the server answers, or at a rate\n"
         "  sub     consume what a topic's channels hold\n"
         "  pubsub  both at once, with the latency from the one to the other\n"
         "  conns   hold idle subscribed connections\n"
         "  defer   publish deferred messages and see how late they come\n"
         "  http    POST /pub\n"
         "  topics  make many topics and channels and leave them alone\n";
}

std::vector<std::string> Options::consumed_channels() const {
  if (!channel_names.empty()) return channel_names;
  if (channels == 1) return {"ch"};
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < channels; ++i) names.push_back(fmt::format("ch{}", i));
  return names;
}

bool Options::negotiates() const noexcept {
  return tls() || client.values.snappy || client.values.deflate ||
         !client.values.auth_secret.empty();
}

std::string Options::layers() const {
  if (mode == Mode::http) return https() ? "tls" : "";
  std::vector<std::string> names;
  if (tls()) names.emplace_back("tls");
  if (client.values.snappy) names.emplace_back("snappy");
  if (client.values.deflate)
    names.push_back(fmt::format("deflate {}", client.values.deflate_level));
  return fmt::format("{}", fmt::join(names, " "));
}

bool Options::https() const noexcept {
  return http_address.starts_with(kHttps);
}

std::string_view Options::http_host() const noexcept {
  std::string_view host = http_address;
  for (const std::string_view scheme : {kHttp, kHttps}) {
    if (host.starts_with(scheme)) host.remove_prefix(scheme.size());
  }
  return host.substr(0, host.find('/'));
}

std::string Options::http_headers() const {
  std::string lines = fmt::format("Host: {}\r\n", http_host());
  if (!client.values.auth_secret.empty()) {
    lines += fmt::format("Authorization: Bearer {}\r\n", client.values.auth_secret);
  }
  return lines;
}

void declare_flags(FlagSet& flags, Options& o) {
  adapt_defaults(o);
  declare_common(flags, o);
  if (publishes(o.mode)) declare_publishing(flags, o);
  if (o.mode == Mode::sub || o.mode == Mode::pubsub || o.mode == Mode::defer) {
    declare_consuming(flags, o);
  }
  if (o.mode == Mode::conns || o.mode == Mode::topics) {
    flags.add({.flag = "settle", .help = "wait before the measurement", .bounds = kNotNegative},
              o.settle);
    flags.add({.flag = "hold", .help = "how long to measure the idle server", .bounds = kPositive},
              o.hold);
  } else {
    flags.add({.flag = "threads",
               .help = "the generator's own threads",
               .bounds = {.min = 1, .max = 64, .rule = "be 1 to 64"}},
              o.threads);
  }
  declare_rest(flags, o);
}

Result<void> validate(Options& o) {
  const bool needs_http = o.fresh || o.mode == Mode::http || o.mode == Mode::topics;
  if (needs_http && o.http_address.empty()) {
    return fail(Errc::bad_config, "-nsqd-http-address is required");
  }
  if (auto frozen = o.client.freeze(); !frozen) return std::unexpected(frozen.error());
  if (o.client.values.auth_secret.find_first_of("\r\n") != std::string::npos) {
    return fail(Errc::bad_config, "auth_secret must be one line");
  }
  if (o.prefill && o.messages == 0) {
    return fail(Errc::bad_config, "-prefill needs -messages");
  }
  if (o.rate < 0) return fail(Errc::bad_config, "-rate must not be negative");
  if (o.delay_min > o.delay_max) {
    return fail(Errc::bad_config, "-delay-min must not be greater than -delay-max");
  }
  if (o.mode == Mode::defer && o.messages == 0) {
    return fail(Errc::bad_config, "-messages must be positive");
  }
  if (publishes(o.mode) && o.messages == 0 && o.run_for == Nanoseconds{0}) {
    o.run_for = Seconds(10);
  }
  return {};
}

}  // namespace nsq::bench
