#include "nsqd/stats/statsd_pusher.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/net/address.hpp"

namespace nsqd {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::udp;
using boost::system::error_code;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

/// What of an interval is not used for sending.
constexpr nsq::Nanoseconds kRest = nsq::Seconds(1);

}  // namespace

StatsdPusher::StatsdPusher(asio::any_io_executor executor, Settings settings,
                           std::function<std::vector<std::string>()> report, nsq::Logger log)
    : executor_(std::move(executor)),
      settings_(std::move(settings)),
      report_(std::move(report)),
      log_(std::move(log)),
      timer_(executor_) {}

awaitable<void> StatsdPusher::run() {
  auto next = nsq::read_clock().mono;
  for (;;) {
    next = std::max(next + settings_.interval, nsq::read_clock().mono);
    co_await sleep_until(next);
    if (stopping_) co_return;
    co_await push();
  }
}

void StatsdPusher::stop() {
  stopping_ = true;
  timer_.cancel();
}

awaitable<void> StatsdPusher::sleep_until(nsq::MonoTime when) {
  if (stopping_) co_return;
  timer_.expires_at(when);
  co_await timer_.async_wait(kNoThrow);
}

awaitable<void> StatsdPusher::push() {
  auto socket = co_await connect();
  if (!socket) {
    log_.error("STATSD: failed to create UDP socket to {} - {}", settings_.address,
               socket.error().text());
    co_return;
  }
  log_.info("STATSD: pushing stats to {}", settings_.address);
  const auto datagrams = report_();
  if (datagrams.empty()) co_return;
  const auto count = static_cast<std::int64_t>(datagrams.size());
  const auto pause = std::max(settings_.interval - kRest, nsq::Nanoseconds::zero()) / count;
  auto next = nsq::read_clock().mono;
  for (const auto& datagram : datagrams) {
    send(*socket, datagram);
    next += pause;
    if (pause > nsq::Nanoseconds::zero()) co_await sleep_until(next);
  }
}

void StatsdPusher::send(udp::socket& socket, const std::string& datagram) {
  error_code error;
  socket.send(asio::buffer(datagram), 0, error);
  // Nobody listens there: an earlier datagram's fate, told now. The next may fare better.
  if (error == asio::error::connection_refused) socket.send(asio::buffer(datagram), 0, error);
  if (error) log_.error("STATSD: failed to send to {} - {}", settings_.address, error.message());
}

awaitable<nsq::Result<udp::socket>> StatsdPusher::connect() {
  const auto split = nsq::net::split_host_port(settings_.address);
  if (!split) co_return std::unexpected(split.error());
  udp::resolver resolver(executor_);
  const std::string_view host = split->host.empty() ? "localhost" : split->host;
  auto [unresolved, found] = co_await resolver.async_resolve(host, split->port, kNoThrow);
  if (unresolved) co_return nsq::fail(unresolved, unresolved.message());
  error_code error = asio::error::host_not_found;
  udp::socket socket(executor_);
  for (const auto& entry : found) {
    error_code ignored;  // closing a socket that could not be connected
    socket.close(ignored);
    socket.open(entry.endpoint().protocol(), error);
    if (!error) socket.connect(entry.endpoint(), error);
    if (!error) socket.non_blocking(true, error);
    if (!error) co_return std::move(socket);
  }
  co_return nsq::fail(error, error.message());
}

}  // namespace nsqd
