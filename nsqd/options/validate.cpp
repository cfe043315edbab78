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

// An operator who configured protection must not run without it.
Result<void> check_tls(Options& options) {
  constexpr std::string_view kUnsupported = "TLS is not supported by this build yet";
  if (!options.tls_client_auth_policy.empty() && options.tls_required == TlsRequired::no) {
    options.tls_required = TlsRequired::yes;
  }
  if (!options.tls_cert.empty() || !options.tls_key.empty()) {
    return refuse(fmt::format("failed to build TLS config - {}", kUnsupported));
  }
  if (options.tls_required != TlsRequired::no) {
    return refuse("cannot require TLS client connections without TLS key and cert");
  }
  if (!options.tls_root_ca_file.empty()) {
    return refuse(fmt::format("failed to build client TLS config - {}", kUnsupported));
  }
  return {};
}

Result<void> check_auth(const Options& options) {
  const auto& method = options.auth_http_request_method;
  if (method != "get" && method != "post") {
    return refuse("--auth-http-request-method must be post or get");
  }
  if (!options.auth_http_addresses.empty()) {
    return refuse("--auth-http-address is not supported by this build yet");
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

Result<void> validate(Options& options) {
  nsq::config::FlagSet flags("nsqd");
  bool version = false;
  declare(flags, options, version);
  if (auto checked = flags.check_bounds("max-deflate-level"); !checked) return checked;
  if (auto checked = flags.check_bounds("node-id"); !checked) return checked;
  if (auto checked = check_tls(options); !checked) return checked;
  if (auto checked = check_auth(options); !checked) return checked;
  if (auto checked = check_percentiles(options); !checked) return checked;
  return flags.check_bounds();
}

std::vector<std::string> ignored_settings(const Options& options) {
  std::vector<std::string> lines;
  const auto ignored = [&lines](std::string_view flag) {
    lines.push_back(fmt::format("--{} is not supported by this build yet and is ignored", flag));
  };
  if (!options.statsd_address.empty()) ignored("statsd-address");
  if (!options.enable_experiment.empty()) ignored("enable-experiment");
  if (!options.e2e_processing_latency_percentiles.empty()) {
    ignored("e2e-processing-latency-percentile");
  }
  return lines;
}

}  // namespace nsqd
