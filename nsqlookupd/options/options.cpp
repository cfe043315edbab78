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

// One line an option.
// clang-format off

void declare(FlagSet& f, Options& o, bool& version) {
  const Custom ignored{.set = [](std::string_view) { return nsq::Result<void>(); }, .boolean_like = true};
  f.add({"version", "", "print version string"}, version);
  f.add({"config", "", "path to config file"}, o.config);
  f.add({"log-level", "log_level", "set log verbosity: debug, info, warn, error, or fatal"}, nsq::config::log_level(o.log_level));
  f.add({"log-prefix", "log_prefix", "log message prefix"}, o.log_prefix);
  f.add({"verbose", "", "deprecated, has no effect (use --log-level)"}, ignored);
  f.add({"tcp-address", "tcp_address", "<addr>:<port> to listen on for nsqds"}, o.tcp_address);
  f.add({"http-address", "http_address", "<addr>:<port> to listen on for HTTP clients"}, o.http_address);
  f.add({"broadcast-address", "broadcast_address", "address that nsqds are told to reach this nsqlookupd by"}, o.broadcast_address);
  f.add({"inactive-producer-timeout", "inactive_producer_timeout", "time since its last ping after which a producer is not listed any more", "", kNotNegative}, o.inactive_producer_timeout);
  f.add({"tombstone-lifetime", "tombstone_lifetime", "time for which a tombstoned producer is not listed", "", kNotNegative}, o.tombstone_lifetime);
}

// clang-format on

}  // namespace nsqlookupd
