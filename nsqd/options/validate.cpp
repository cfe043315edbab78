// What spec/nsqd.md 9.5 checks at start, in its order.

#include <fmt/format.h>

#include "common/config/flag_set.hpp"
#include "common/config/values.hpp"
#include "nsqd/options/options.hpp"
#include "nsqd/options/table.hpp"

namespace nsqd {
namespace {

using nsq::Result;

Result<void> refuse(std::string why) {
  return nsq::fail(nsq::Errc::bad_config, std::move(why));
}

nsq::net::TlsClientAuth client_auth(std::string_view policy) {
  if (policy == "require") return nsq::net::TlsClientAuth::require;
  if (policy == "require-verify") return nsq::net::TlsClientAuth::require_verify;
  return nsq::net::TlsClientAuth::none;
}

Result<void> check_tls(Options& options) {
  if (!options.tls_client_auth_policy.empty() && options.tls_required == TlsRequired::no) {
    options.tls_required = TlsRequired::yes;
  }
  if (has_certificate(options)) {
    const auto loaded = nsq::net::TlsContext::server(tls_server_config(options));
    if (!loaded) {
      return refuse(fmt::format("failed to build TLS config - {}", loaded.error().text()));
    }
  } else if (options.tls_required != TlsRequired::no) {
    return refuse("cannot require TLS client connections without TLS key and cert");
  }
  if (!options.tls_root_ca_file.empty()) {
    nsq::net::TlsClientConfig config;
    config.root_ca = options.tls_root_ca_file;
    const auto loaded = nsq::net::TlsContext::client(config);
    if (!loaded) {
      return refuse(fmt::format("failed to build client TLS config - {}", loaded.error().text()));
    }
  }
  return {};
}

Result<void> check_auth(const Options& options) {
  const auto& method = options.auth_http_request_method;
  if (method != "get" && method != "post") {
    return refuse("--auth-http-request-method must be post or get");
  }
  return {};
}

Result<void> check_percentiles(const Options& options) {
  for (const double percentile : options.e2e_processing_latency_percentiles) {
    if (!(percentile > 0 && percentile <= 1)) {
      return refuse(fmt::format("invalid E2E processing latency percentile: {}",
                                nsq::config::format_float(percentile)));
    }
  }
  return {};
}

}  // namespace

nsq::net::TlsServerConfig tls_server_config(const Options& options) {
  return {.cert = options.tls_cert,
          .key = options.tls_key,
          .root_ca = options.tls_root_ca_file,
          .client_auth = client_auth(options.tls_client_auth_policy),
          .min_version = static_cast<int>(options.tls_min_version)};
}

nsq::net::TlsClientConfig lookupd_tls_config(const Options& options) {
  nsq::net::TlsClientConfig config;
  config.root_ca = options.tls_root_ca_file;
  config.cert = options.tls_cert;
  config.key = options.tls_key;
  return config;
}

Result<void> validate(Options& options) {
  nsq::config::FlagSet flags("nsqd");
  bool version = false;
  declare(flags, options, version);
  if (auto checked = flags.check_bounds("max-deflate-level"); !checked) return checked;
  if (auto checked = flags.check_bounds("node-id"); !checked) return checked;
  if (auto checked = check_tls(options); !checked) return checked;
  if (auto checked = check_auth(options); !checked) return checked;
  if (auto checked = check_percentiles(options); !checked) return checked;
  if (!options.statsd_address.empty() && options.statsd_interval <= nsq::Nanoseconds::zero()) {
    return refuse("--statsd-interval must be positive");
  }
  return flags.check_bounds();
}

}  // namespace nsqd
