#include "nsqlookupd/options/options.hpp"

#include "common/base/hostname.hpp"
#include "common/config/log_level.hpp"

namespace nsqlookupd {

using nsq::config::Custom;
using nsq::config::FlagSet;
using nsq::config::kNotNegative;

Options default_options() {
  Options options;
  options.broadcast_address = nsq::os_hostname();
  return options;
}

nsq::net::TlsServerConfig tls_server_config(const Options& options) {
  using nsq::net::TlsClientAuth;
  const auto& policy = options.tls_client_auth_policy;
  nsq::net::TlsServerConfig config;
  config.cert = options.tls_cert;
  config.key = options.tls_key;
  config.root_ca = options.tls_root_ca_file;
  if (policy == "require") config.client_auth = TlsClientAuth::require;
  if (policy == "require-verify") config.client_auth = TlsClientAuth::require_verify;
  if (options.tls_min_version == "tls1.3") config.min_version = nsq::net::kTls1_3;
  return config;
}

nsq::Result<void> check_tls(const Options& options) {
  const auto& policy = options.tls_client_auth_policy;
  if (!policy.empty() && policy != "require" && policy != "require-verify") {
    return nsq::fail(nsq::Errc::bad_config,
                     "--tls-client-auth-policy must be require or require-verify");
  }
  if (options.tls_min_version != "tls1.2" && options.tls_min_version != "tls1.3") {
    return nsq::fail(nsq::Errc::bad_config, "--tls-min-version must be tls1.2 or tls1.3");
  }
  if (!has_certificate(options)) {
    if (policy.empty()) return {};
    return nsq::fail(nsq::Errc::bad_config,
                     "cannot require TLS client connections without TLS key and cert");
  }
  const auto loaded = nsq::net::TlsContext::server(tls_server_config(options));
  if (loaded) return {};
  return nsq::fail(loaded.error().code, "failed to build TLS config - " + loaded.error().text());
}

// One line an option.
// clang-format off

void declare(FlagSet& f, Options& o, bool& version) {
  const Custom ignored{.set = [](std::string_view) { return nsq::Result<void>(); }, .boolean_like = true};
  f.add({"version", "", "print version string"}, version);
  f.add({"config", "", "path to config file"}, o.config);
  f.add({"log-level", "log_level", "set log verbosity: debug, info, warn, error, or fatal"}, nsq::config::log_level(o.log_level));
  f.add({"log-format", "log_format", "form of log lines: text, or json for one object a line"}, nsq::config::log_format(o.log_format));
  f.add({"log-prefix", "log_prefix", "log message prefix"}, o.log_prefix);
  f.add({"verbose", "", "deprecated, has no effect (use --log-level)"}, ignored);
  f.add({"tcp-address", "tcp_address", "<addr>:<port> to listen on for nsqds"}, o.tcp_address);
  f.add({"http-address", "http_address", "<addr>:<port> to listen on for HTTP clients"}, o.http_address);
  f.add({"broadcast-address", "broadcast_address", "address that nsqds are told to reach this nsqlookupd by"}, o.broadcast_address);
  f.add({"inactive-producer-timeout", "inactive_producer_timeout", "time since its last ping after which a producer is not listed any more", "", kNotNegative}, o.inactive_producer_timeout);
  f.add({"tombstone-lifetime", "tombstone_lifetime", "time for which a tombstoned producer is not listed", "", kNotNegative}, o.tombstone_lifetime);
  f.add({"tls-cert", "tls_cert", "path to the certificate file (PEM); with it, both ports speak TLS and nothing else"}, o.tls_cert);
  f.add({"tls-key", "tls_key", "path to the key file (PEM)"}, o.tls_key);
  f.add({"tls-client-auth-policy", "tls_client_auth_policy", "client certificates: 'require' or 'require-verify'"}, o.tls_client_auth_policy);
  f.add({"tls-root-ca-file", "tls_root_ca_file", "path to the certificate authorities that client certificates are checked against (PEM)"}, o.tls_root_ca_file);
  f.add({"tls-min-version", "tls_min_version", "lowest accepted TLS version: tls1.2 or tls1.3"}, o.tls_min_version);
}

// clang-format on

}  // namespace nsqlookupd
