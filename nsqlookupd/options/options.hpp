#pragma once

#include <string>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "common/config/flag_set.hpp"
#include "common/net/tls_context.hpp"

namespace nsqlookupd {

/// Every setting of nsqlookupd. The initial values are the defaults, except `broadcast_address`,
/// which default_options takes from the host. Source: spec/nsqlookupd.md 2.1.
struct Options {
  std::string config;  ///< path of the TOML file, empty: none
  nsq::LogLevel log_level = nsq::LogLevel::info;
  nsq::LogFormat log_format = nsq::LogFormat::text;
  std::string log_prefix = "[nsqlookupd] ";
  std::string tcp_address = "0.0.0.0:4160";
  std::string http_address = "0.0.0.0:4161";
  std::string broadcast_address;  ///< what nsqds are told to reach this nsqlookupd by
  nsq::Nanoseconds inactive_producer_timeout = std::chrono::minutes(5);
  nsq::Nanoseconds tombstone_lifetime = nsq::Seconds(45);
  std::string tls_cert;  ///< with tls_key: both ports speak TLS, and only TLS
  std::string tls_key;
  std::string tls_root_ca_file;        ///< authorities of client certificates; empty: the system's
  std::string tls_client_auth_policy;  ///< "", "require" or "require-verify"
  std::string tls_min_version = "tls1.2";  ///< or "tls1.3"; nothing that speaks less needs us
};

/// Whether the ports speak TLS.
inline bool has_certificate(const Options& options) noexcept {
  return !options.tls_cert.empty() || !options.tls_key.empty();
}

/// How they do. REQUIRES: has_certificate(options).
nsq::net::TlsServerConfig tls_server_config(const Options& options);

/// What is wrong with the settings for TLS, which includes reading the files.
nsq::Result<void> check_tls(const Options& options);

/// The defaults on this host.
Options default_options();

/// Declares every option, bound to `options`, which must outlive `flags`. `version` is set if the
/// version is asked for.
void declare(nsq::config::FlagSet& flags, Options& options, bool& version);

}  // namespace nsqlookupd
