#include "clients/nsq/dial.hpp"

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "common/net/resolve.hpp"

namespace nsq::client {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

std::string lower_first(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') {
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  }
  return text;
}

std::unexpected<Error> dial_error(const Address& address, error_code code, std::string_view why) {
  return fail(code, fmt::format("dial tcp {}: {}", address.text(), why));
}

asio::awaitable<Result<std::vector<tcp::endpoint>>> endpoints_of(const Address& address,
                                                                 Nanoseconds limit) {
  auto resolved = co_await net::resolve(address.host, address.port, limit);
  if (resolved) co_return resolved;
  const error_code code = resolved.error().code;
  if (code == Errc::timed_out) co_return dial_error(address, code, "lookup: i/o timeout");
  co_return dial_error(address, code,
                       fmt::format("lookup {}: {}", address.host, lower_first(code.message())));
}

error_code prepare(tcp::socket& socket, const tcp::endpoint& to, const Options& options) {
  error_code code;
  socket.open(to.protocol(), code);
  if (code) return code;
  socket.set_option(tcp::no_delay(true), code);
  if (!code) socket.set_option(asio::socket_base::keep_alive(true), code);
  if (!code && !options.local_addr.empty()) {
    auto local = Address::parse(options.local_addr);
    if (!local) return local.error().code;
    const auto ip = asio::ip::make_address(local->host, code);
    if (!code) socket.bind(tcp::endpoint(ip, local->port), code);
  }
  return code;
}

/// One attempt. The timer closes the socket, which ends the connect.
asio::awaitable<error_code> connect_one(tcp::socket& socket, tcp::endpoint to,
                                        const Options& options) {
  if (const error_code code = prepare(socket, to, options)) co_return code;
  auto expired = std::make_shared<bool>(false);
  asio::steady_timer timer(socket.get_executor());
  if (options.dial_timeout > Nanoseconds(0)) {
    timer.expires_after(options.dial_timeout);
    timer.async_wait([&socket, expired](error_code code) {
      if (code || *expired) return;
      *expired = true;
      error_code ignored;
      socket.close(ignored);
    });
  }
  auto got = co_await socket.async_connect(to, kNoThrow);
  auto [code] = got;
  if (*expired) co_return make_error_code(Errc::timed_out);
  *expired = true;  // a timer that already fired must not touch the socket any more
  co_return code;
}

}  // namespace

asio::awaitable<Result<void>> dial(tcp::socket& socket, Address address, const Options& options,
                                   const bool& cancelled) {
  const bool limited = options.dial_timeout > Nanoseconds(0);
  auto endpoints =
      co_await endpoints_of(address, limited ? options.dial_timeout : options.handshake_timeout);
  if (!endpoints) co_return std::unexpected(endpoints.error());
  error_code last = asio::error::host_not_found;
  error_code ignored;
  for (const tcp::endpoint& to : *endpoints) {
    if (cancelled) break;
    socket.close(ignored);
    last = co_await connect_one(socket, to, options);
    if (!last && !cancelled) co_return Result<void>();
  }
  socket.close(ignored);
  if (last == Errc::timed_out) co_return dial_error(address, last, "i/o timeout");
  co_return dial_error(address, last, "connect: " + lower_first(last.message()));
}

}  // namespace nsq::client
