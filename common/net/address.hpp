#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace nsq::net {

/// Where to listen or connect: a TCP host and port, or a unix socket's path.
struct Address {
  enum class Kind { tcp, unix_socket };

  Kind kind = Kind::tcp;
  std::string host;        ///< tcp: name or literal without brackets; empty = all interfaces
  std::uint16_t port = 0;  ///< tcp: 0 = let the system choose
  std::string path;        ///< unix_socket

  bool is_unix() const noexcept { return kind == Kind::unix_socket; }
  bool operator==(const Address&) const = default;
};

/// An Address for `host` and `port`.
Address tcp_address(std::string host, std::uint16_t port);

/// Reads an address as the options take it: what splits as host:port is TCP (`:4150` is all
/// interfaces of both families, `0.0.0.0:4150` IPv4 only, `[::1]:4150`; an empty port is 0),
/// anything else is a unix socket's path, the empty text too.
/// @return Errc::bad_address when it splits but the port is not a number up to 65535.
/// Source: spec/nsqd.md 9.4.
Result<Address> parse_address(std::string_view text);

/// `host:port` with an IPv6 host in brackets, or the path.
std::string to_string(const Address& address);

/// Host and port as written, the host without its brackets. They view into the argument.
struct HostPort {
  std::string_view host;
  std::string_view port;
};

/// Splits `host:port`, `[v6]:port`, `:port`, `host:`.
/// @return Errc::bad_address, with upstream's words: missing port, too many colons, brackets.
Result<HostPort> split_host_port(std::string_view text);

/// The reverse: brackets are put around a host that has a colon.
std::string join_host_port(std::string_view host, std::uint16_t port);

}  // namespace nsq::net
