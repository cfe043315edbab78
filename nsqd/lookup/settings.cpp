#include "nsqd/lookup/settings.hpp"

#include "common/config/version.hpp"

namespace nsqd {
namespace {

/// A new topic waits for the answer, so "no timeout" and hours are not for this.
constexpr nsq::Nanoseconds kLongestHttpWait = nsq::Seconds(10);

nsq::Nanoseconds bounded(nsq::Nanoseconds timeout) {
  const bool none = timeout == nsq::Nanoseconds::zero();
  return none || timeout > kLongestHttpWait ? kLongestHttpWait : timeout;
}

}  // namespace

LookupSettings lookup_settings(const Options& options) {
  LookupSettings settings;
  settings.identity = {.broadcast_address = options.broadcast_address,
                       .hostname = os_hostname(),
                       .http_port = options.broadcast_http_port,
                       .tcp_port = options.broadcast_tcp_port,
                       .topology_region = options.topology_region,
                       .topology_zone = options.topology_zone,
                       .version = std::string(nsq::config::version())};
  settings.max_reply_bytes = static_cast<std::size_t>(options.max_body_size);
  settings.http_connect_timeout = bounded(options.http_client_connect_timeout);
  settings.http_request_timeout = bounded(options.http_client_request_timeout);
  if (options.lookupd_tls) settings.tls = lookupd_tls_config(options);
  return settings;
}

}  // namespace nsqd
