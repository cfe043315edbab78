#pragma once

#include <sys/socket.h>

#include <string>

#include "common/net/address.hpp"

namespace nsq::net {

/// The host and port of an IPv4 or IPv6 socket address; an IPv4 address mapped into IPv6 reads as
/// IPv4. A unix address gives an Address with the path it is bound to, empty for a client.
Address from_sockaddr(const sockaddr_storage& from);

/// An errno's text as upstream prints it: "address already in use".
std::string errno_text(int code);

}  // namespace nsq::net
