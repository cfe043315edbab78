#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

namespace nsq::net {

/// The endpoints of `host`, a name or a literal without brackets, on the awaiting coroutine's
/// executor. It ends after `limit`, and when the coroutine is cancelled, although the system's
/// resolver, which may take half a minute when name servers are silent, cannot be interrupted: its
/// answer is then dropped.
/// @return Errc::timed_out, or the resolver's error code; without a text, callers know what to say.
boost::asio::awaitable<Result<std::vector<boost::asio::ip::tcp::endpoint>>> resolve(
    std::string host, std::uint16_t port, Nanoseconds limit);

}  // namespace nsq::net
