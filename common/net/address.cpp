#include "common/net/address.hpp"

#include <charconv>

#include <fmt/format.h>

namespace nsq::net {
namespace {

std::unexpected<Error> bad_address(std::string_view text, std::string_view why) {
  return fail(make_error_code(Errc::bad_address), fmt::format("address {}: {}", text, why));
}

/// Where the host's text ends and the port's begins, in the order in which upstream looks.
Result<HostPort> split_bracketed(std::string_view text, std::size_t colon) {
  const auto end = text.find(']');
  if (end == text.npos) return bad_address(text, "missing ']' in address");
  if (end + 1 != colon) {
    const bool more = end + 1 < text.size() && text[end + 1] == ':';
    return bad_address(text, more ? "too many colons in address" : "missing port in address");
  }
  const HostPort split{text.substr(1, end - 1), text.substr(colon + 1)};
  if (split.host.contains('[') || split.port.contains('[')) {
    return bad_address(text, "unexpected '[' in address");
  }
  if (split.port.contains(']')) return bad_address(text, "unexpected ']' in address");
  return split;
}

}  // namespace

Address tcp_address(std::string host, std::uint16_t port) {
  return Address{.kind = Address::Kind::tcp, .host = std::move(host), .port = port, .path = {}};
}

Result<HostPort> split_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return bad_address(text, "missing port in address");
  if (text.front() == '[') return split_bracketed(text, colon);
  const HostPort split{text.substr(0, colon), text.substr(colon + 1)};
  if (split.host.contains(':')) return bad_address(text, "too many colons in address");
  if (text.contains('[')) return bad_address(text, "unexpected '[' in address");
  if (text.contains(']')) return bad_address(text, "unexpected ']' in address");
  return split;
}

Result<Address> parse_address(std::string_view text) {
  const auto split = split_host_port(text);
  if (!split) {
    return Address{
        .kind = Address::Kind::unix_socket, .host = {}, .port = 0, .path = std::string(text)};
  }
  std::uint16_t port = 0;
  if (!split->port.empty()) {
    const char* end = split->port.data() + split->port.size();
    const auto [stop, ec] = std::from_chars(split->port.data(), end, port);
    if (ec != std::errc{} || stop != end) return bad_address(text, "invalid port");
  }
  return tcp_address(std::string(split->host), port);
}

std::string to_string(const Address& address) {
  return address.is_unix() ? address.path : join_host_port(address.host, address.port);
}

std::string join_host_port(std::string_view host, std::uint16_t port) {
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace nsq::net
