#include "nsqd/options/options.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <thread>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "common/base/assert.hpp"
#include "common/config/flag_set.hpp"
#include "nsqd/options/table.hpp"

namespace nsqd {
namespace {

// `host:port`, an IPv6 host in brackets.
std::string join_host_port(std::string_view host, std::int64_t port) {
  const bool bracketed = host.find(':') != std::string_view::npos;
  return bracketed ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

// Source: spec/nsqd.md 8, "Prefix".
std::string expand_statsd_prefix(std::string_view prefix, std::string host_key) {
  std::ranges::replace(host_key, '.', '_');
  std::ranges::replace(host_key, ':', '_');
  std::string expanded;
  for (;;) {
    const auto mark = prefix.find("%s");
    expanded += prefix.substr(0, mark);
    if (mark == std::string_view::npos) break;
    expanded += host_key;
    prefix.remove_prefix(mark + 2);
  }
  if (!expanded.empty() && !expanded.ends_with('.')) expanded += '.';
  return expanded;
}

}  // namespace

Options default_options() {
  Options options;
  options.broadcast_address = os_hostname();
  options.node_id = default_node_id(options.broadcast_address);
  return options;
}

std::int64_t default_node_id(std::string_view hostname) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const int hashed =
      EVP_Digest(hostname.data(), hostname.size(), digest.data(), &size, EVP_md5(), nullptr);
  NSQ_ASSERT(hashed == 1);
  return static_cast<std::int64_t>(::crc32(0, digest.data(), size) % 1024);
}

unsigned effective_io_threads(const Options& options) noexcept {
  if (options.io_threads > 0) return static_cast<unsigned>(options.io_threads);
  return std::max(1U, std::thread::hardware_concurrency());
}

Options resolve_effective(Options options, const RealPorts& ports) {
  if (options.broadcast_tcp_port == 0) options.broadcast_tcp_port = ports.tcp.value_or(0);
  if (options.broadcast_http_port == 0) options.broadcast_http_port = ports.http.value_or(0);
  options.statsd_prefix =
      expand_statsd_prefix(options.statsd_prefix,
                           join_host_port(options.broadcast_address, options.broadcast_http_port));
  return options;
}

std::optional<std::string> show_option(const Options& options, std::string_view key) {
  Options copy = options;
  bool version = false;
  nsq::config::FlagSet flags("nsqd");
  declare(flags, copy, version);
  return flags.show(key);
}

}  // namespace nsqd
