#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "clients/nsq/address.hpp"
#include "clients/nsq/options.hpp"
#include "common/base/result.hpp"

namespace nsq::client {

/// Resolves `address` and connects `socket` to the first of its endpoints that answers, each within
/// dial_timeout; from local_addr, without delay (TCP_NODELAY) and with keep-alive.
/// The error's context: `dial tcp <address>: connect: connection refused`, `… i/o timeout`,
/// `… lookup <host>: <why>`. `socket`, `options` and `cancelled` must outlive the returned
/// awaitable. To end it early, set `cancelled` and close the socket; it then leaves the socket
/// closed.
boost::asio::awaitable<Result<void>> dial(boost::asio::ip::tcp::socket& socket, Address address,
                                          const Options& options, const bool& cancelled);

}  // namespace nsq::client
