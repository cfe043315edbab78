#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "clients/nsq/address.hpp"
#include "clients/nsq/config.hpp"
#include "clients/nsq/lookupd_url.hpp"
#include "common/base/log.hpp"
#include "common/base/result.hpp"
#include "common/config/flag_set.hpp"

namespace nsq::tools {

/// Prints `<tool> v<version>` on stdout. Source: spec/tools.md 1.4.
void print_version(std::string_view tool);

/// `<tool>/<version> <library>/<version>`, for IDENTIFY.
std::string user_agent(std::string_view tool);

/// Logs the line, and is the status to exit with.
int fatal(std::string_view text);

/// `-consumer-opt` and `-producer-opt`: `key,value` or `key`, into `config`, which must outlive it.
/// Source: spec/tools.md 1.5.
config::Custom client_option(client::Config& config);

/// Says on stderr what comes after the flags and is therefore ignored.
void warn_positional(const config::FlagSet& flags);

/// The addresses, without repetitions, in order.
Result<std::vector<client::Address>> parse_addresses(const std::vector<std::string>& texts);

/// The nsqlookupds, as `host:port` or URL. Source: spec/tools.md 1.6.
Result<std::vector<client::LookupdUrl>> parse_lookupds(const std::vector<std::string>& texts);

/// The library's log, as tools show it.
Logger client_logger();

}  // namespace nsq::tools
