#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace nsq::client {

/// Where an nsqd listens.
struct Address {
  std::string host;  ///< a name or an IP address, without brackets
  std::uint16_t port = 0;

  /// Reads `host:port`, IPv6 as `[::1]:4150`. An empty host is the local one.
  /// Errc::bad_address, the context naming what is wrong: `address localhost: missing port in
  /// address`.
  static Result<Address> parse(std::string_view text);

  /// The form that parse reads.
  std::string text() const;

  friend auto operator<=>(const Address&, const Address&) = default;
  friend bool operator==(const Address&, const Address&) = default;
};

}  // namespace nsq::client
