#include "common/net/resolve.hpp"

#include <memory>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace nsq::net {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// The waiting side has a timer; whoever is last frees this.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), done(executor) {}
  tcp::resolver resolver;
  asio::steady_timer done;
  bool finished = false;
  error_code code;
  std::vector<tcp::endpoint> endpoints;
};

}  // namespace

asio::awaitable<Result<std::vector<tcp::endpoint>>> resolve(std::string host, std::uint16_t port,
                                                            Nanoseconds limit) {
  error_code not_literal;
  const auto literal = asio::ip::make_address(host, not_literal);
  if (!not_literal) co_return std::vector<tcp::endpoint>{tcp::endpoint(literal, port)};
  const auto executor = co_await asio::this_coro::executor;
  auto lookup = std::make_shared<Lookup>(executor);
  lookup->done.expires_after(limit);
  lookup->resolver.async_resolve(
      host, std::to_string(port),
      [lookup](error_code code, const tcp::resolver::results_type& results) {
        lookup->finished = true;
        lookup->code = code;
        for (const auto& entry : results) lookup->endpoints.push_back(entry.endpoint());
        lookup->done.cancel();
      });
  co_await lookup->done.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!lookup->finished) co_return fail(Errc::timed_out);
  if (lookup->code) co_return fail(lookup->code);
  co_return std::move(lookup->endpoints);
}

}  // namespace nsq::net
