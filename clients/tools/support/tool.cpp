#include "clients/tools/support/tool.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "clients/nsq/log_sink.hpp"
#include "common/config/version.hpp"

namespace nsq::tools {

void print_version(std::string_view tool) {
  const std::string line = fmt::format("{} v{}\n", tool, config::version());
  std::fwrite(line.data(), 1, line.size(), stdout);
}

std::string user_agent(std::string_view tool) {
  return fmt::format("{}/{} {}", tool, config::version(), client::Config().values.user_agent);
}

int fatal(std::string_view text) {
  client::log_line(text);
  return 1;
}

config::Custom client_option(client::Config& config) {
  return {.set = [&config](std::string_view text) { return config.set_pair(text); }};
}

void warn_positional(const config::FlagSet& flags) {
  if (flags.positional().empty()) return;
  client::log_line(
      fmt::format("warning: ignoring arguments: [{}]", fmt::join(flags.positional(), " ")));
}

Result<std::vector<client::Address>> parse_addresses(const std::vector<std::string>& texts) {
  std::vector<client::Address> addresses;
  for (const std::string& text : texts) {
    auto address = client::Address::parse(text);
    if (!address) return std::unexpected(address.error());
    if (std::ranges::find(addresses, *address) == addresses.end()) {
      addresses.push_back(*std::move(address));
    }
  }
  return addresses;
}

Result<std::vector<client::LookupdUrl>> parse_lookupds(const std::vector<std::string>& texts) {
  std::vector<client::LookupdUrl> lookupds;
  for (const std::string& text : texts) {
    auto url = client::LookupdUrl::parse(text);
    if (!url) return std::unexpected(url.error());
    lookupds.push_back(*std::move(url));
  }
  return lookupds;
}

Logger client_logger() {
  return {client::make_client_sink(), LogLevel::info};
}

}  // namespace nsq::tools
