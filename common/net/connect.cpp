#include "common/net/connect.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <variant>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "common/net/resolve.hpp"
#include "common/net/socket_text.hpp"

namespace nsq::net {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
using Endpoint = asio::generic::stream_protocol::endpoint;

std::unexpected<Error> dial_error(const Address& address, error_code code) {
  const std::string why = code.category() == boost::system::system_category()
                              ? "connect: " + errno_text(code.value())
                              : code.message();
  return fail(code, fmt::format("dial {} {}: {}", address.is_unix() ? "unix" : "tcp",
                                to_string(address), why));
}

std::unexpected<Error> timeout_error(const Address& address) {
  return fail(make_error_code(Errc::timed_out),
              fmt::format("dial {} {}: i/o timeout", address.is_unix() ? "unix" : "tcp",
                          to_string(address)));
}

asio::awaitable<Result<std::vector<Endpoint>>> endpoints_of(const Address& address,
                                                            Nanoseconds timeout) {
  std::vector<Endpoint> found;
  if (address.is_unix()) {
    if (address.path.empty() || address.path.size() >= sizeof(sockaddr_un::sun_path)) {
      co_return dial_error(address, {EINVAL, boost::system::system_category()});
    }
    found.emplace_back(asio::local::stream_protocol::endpoint(address.path));
    co_return found;
  }
  const std::string host = address.host.empty() ? "localhost" : address.host;
  auto resolved = co_await resolve(host, address.port, timeout);
  if (!resolved) {
    const error_code ec = resolved.error().code;
    if (ec == Errc::timed_out) co_return timeout_error(address);
    co_return fail(ec,
                   fmt::format("dial tcp: lookup {}: {}", host,
                               ec == asio::error::host_not_found ? "no such host" : ec.message()));
  }
  for (const auto& each : *resolved) found.emplace_back(each);
  co_return found;
}

void set_tcp_options(StreamSocket& socket) {
  const int on = 1;  // cannot fail on a TCP socket
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

asio::awaitable<Result<StreamSocket>> connect_any(const Address& address, Nanoseconds timeout) {
  auto found = co_await endpoints_of(address, timeout);
  if (!found) co_return std::unexpected(found.error());
  error_code last = asio::error::host_not_found;
  StreamSocket socket(co_await asio::this_coro::executor);
  for (const Endpoint& endpoint : *found) {
    error_code ignored;  // closing a socket whose connect failed
    socket.close(ignored);
    socket.open(endpoint.protocol(), last);
    if (last) continue;
    auto [ec] = co_await socket.async_connect(endpoint, kNoThrow);
    last = ec;
    if (ec) continue;
    if (!address.is_unix()) set_tcp_options(socket);
    co_return std::move(socket);
  }
  co_return dial_error(address, last);
}

}  // namespace

asio::awaitable<Result<StreamSocket>> connect_stream(Address address, Nanoseconds timeout) {
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer(co_await asio::this_coro::executor, timeout);
  auto first = co_await (connect_any(address, timeout) || timer.async_wait(kNoThrow));
  if (first.index() == 0) co_return std::move(std::get<0>(first));
  co_return timeout_error(address);
}

}  // namespace nsq::net
