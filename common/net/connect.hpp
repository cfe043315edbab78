#pragma once

#include <boost/asio/awaitable.hpp>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/net/address.hpp"
#include "common/net/byte_stream.hpp"

namespace nsq::net {

/// Connects to `address` on the awaiting coroutine's executor: resolves the name, tries what it
/// found in order, all within `timeout`. TCP sockets get TCP_NODELAY and keep-alive.
/// @return Errc::timed_out, or the last try's error, with the text `dial tcp <addr>: <why>`.
boost::asio::awaitable<Result<StreamSocket>> connect_stream(Address address, Nanoseconds timeout);

}  // namespace nsq::net
