#pragma once

#include "common/base/result.hpp"
#include "common/net/address.hpp"

namespace nsq::net {

/// A listening, non-blocking socket; whoever gets it owns the descriptor.
struct BoundSocket {
  int descriptor = -1;
  Address local;
};

/// Binds `address` and listens. TCP options that accepted sockets inherit (TCP_NODELAY, keep-alive
/// after 15 s) are set on it. Blocks while it resolves a host name.
/// @return the system's error, with the text `listen tcp <addr>: bind: <why>`.
Result<BoundSocket> bind_socket(const Address& address);

}  // namespace nsq::net
