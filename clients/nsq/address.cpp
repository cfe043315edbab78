#include "clients/nsq/address.hpp"

#include <charconv>

#include <fmt/format.h>

namespace nsq::client {

Result<Address> Address::parse(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(Errc::bad_address, fmt::format("address {}: {}", text, why));
  };
  std::string_view host;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return bad("missing ']' in address");
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.starts_with(':')) return bad("missing port in address");
    port.remove_prefix(1);
  } else {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return bad("missing port in address");
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (host.find(':') != std::string_view::npos) return bad("too many colons in address");
  }
  Address address{.host = std::string(host.empty() ? "localhost" : host), .port = 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size()) return bad("invalid port");
  return address;
}

std::string Address::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace nsq::client
