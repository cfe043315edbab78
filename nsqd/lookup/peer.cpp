#include "nsqd/lookup/peer.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "nsqd/lookup/retry_delay.hpp"

namespace nsqd {

namespace asio = boost::asio;
using asio::awaitable;
using nsq::Errc;
using nsq::Result;

namespace {

/// Changes that may wait for a slow nsqlookupd.
constexpr std::size_t kMaxWaiting = 10'000;

/// Commands sent together, before their replies are read: registering a hundred thousand channels
/// one round trip each would take minutes. Their replies, six bytes each, fit into any socket's
/// buffer.
constexpr std::size_t kBatch = 128;

constexpr std::string_view kPing = "PING";

RetryDelay::Random make_random() {
  return [engine = std::minstd_rand(std::random_device()())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
}

std::unexpected<nsq::Error> failed(std::string_view command, const nsq::Error& error) {
  return nsq::fail(error.code, fmt::format("{} - {}", command, error.text()));
}

/// What upstream's log line calls it.
std::string_view subject(std::string_view command) {
  return std::count(command.begin(), command.end(), ' ') > 1 ? "channel" : "topic";
}

}  // namespace

LookupPeer::LookupPeer(asio::any_io_executor executor, std::string address, const Context& context)
    : address_(std::move(address)),
      shown_(nsq::printable(address_)),
      context_(context),
      tasks_(executor, context.log),
      wake_(executor),
      queue_(kMaxWaiting) {}

void LookupPeer::start() {
  context_.log.info("LOOKUP({}): adding peer", shown_);
  // Named first: the coroutine's frame keeps the lambda's copy of the pointer.
  auto keep_running = [](std::shared_ptr<LookupPeer> self) -> awaitable<void> {
    co_await self->run();
  };
  tasks_.spawn("nsqlookupd", keep_running(shared_from_this()));
}

void LookupPeer::cancel() {
  tasks_.cancel();
}

awaitable<void> LookupPeer::wait() {
  co_await tasks_.wait();
}

void LookupPeer::tell(const LookupCommands& commands) {
  queue_.add(commands);
  wake_.expires_at(asio::steady_timer::time_point::min());
}

void LookupPeer::tell_anew() {
  queue_.lose_track();
  wake_.expires_at(asio::steady_timer::time_point::min());
}

awaitable<void> LookupPeer::run() {
  RetryDelay delay(context_.settings.first_retry, context_.settings.last_retry, make_random());
  asio::steady_timer pause(tasks_.executor());
  for (;;) {
    context_.log.info("LOOKUP connecting to {}", shown_);
    const auto ended = co_await converse();
    queue_.disconnect();
    if (!ended) {
      context_.log.error("LOOKUPD({}): {}", shown_, nsq::printable(ended.error().text()));
    }
    if (std::exchange(proven_, false)) delay.reset();
    pause.expires_after(delay.next());
    co_await pause.async_wait(asio::use_awaitable);
  }
}

awaitable<Result<void>> LookupPeer::converse() {
  const auto& settings = context_.settings;
  auto connection = co_await LookupdConnection::connect(address_, settings.max_reply_bytes,
                                                        settings.io_timeout, settings.tls);
  if (!connection) co_return std::unexpected(connection.error());
  auto identified = co_await identify(**connection);
  if (!identified) co_return failed("IDENTIFY", identified.error());
  queue_.connect(all_commands(context_.broker));
  co_return co_await keep_informed(**connection);
}

awaitable<Result<void>> LookupPeer::identify(LookupdConnection& connection) {
  auto sent = co_await connection.send(encode_hello(context_.settings.identity));
  if (!sent) co_return sent;
  const auto reply = co_await connection.receive();
  if (!reply) co_return std::unexpected(reply.error());
  auto info = parse_lookupd_info(*reply);
  if (!info) co_return std::unexpected(info.error());
  take_info(std::move(*info));
  co_return Result<void>();
}

void LookupPeer::take_info(LookupdInfo info) {
  if (info.broadcast_address.empty()) {
    context_.log.error("LOOKUPD({}): no broadcast address", shown_);
  } else {
    context_.log.info("LOOKUPD({}): peer info {}:{} version {}", shown_,
                      nsq::printable(info.broadcast_address), info.http_port,
                      nsq::printable(info.version));
  }
  info_ = std::move(info);
  context_.on_info();
}

/// Tells what there is to tell, and pings, until something fails.
awaitable<Result<void>> LookupPeer::keep_informed(LookupdConnection& connection) {
  const auto& interval = context_.settings.ping_interval;
  auto next_ping = asio::steady_timer::clock_type::now() + interval;
  for (;;) {
    if (queue_.lost_track()) co_return nsq::fail(Errc::closed, "too many changes at once");
    LookupCommands commands = queue_.take(kBatch);
    const bool ping = asio::steady_timer::clock_type::now() >= next_ping;
    if (ping) {
      commands.emplace_back(kPing);
      next_ping = asio::steady_timer::clock_type::now() + interval;
    }
    if (!commands.empty()) {
      auto told = co_await exchange(connection, std::move(commands));
      if (!told) co_return told;
      proven_ = proven_ || ping;
      continue;
    }
    wake_.expires_at(next_ping);
    auto idle = co_await connection.idle(wake_);
    if (!idle) co_return idle;
  }
}

/// Sends the commands together and reads the reply to each.
awaitable<Result<void>> LookupPeer::exchange(LookupdConnection& connection,
                                             LookupCommands commands) {
  std::string bytes;
  for (const auto& command : commands) {
    if (command == kPing) {
      context_.log.debug("LOOKUPD({}): sending heartbeat", shown_);
    } else {
      context_.log.info("LOOKUPD({}): {} {}", shown_, subject(command), command);
    }
    bytes += command;
    bytes += '\n';
  }
  auto sent = co_await connection.send(std::move(bytes));
  if (!sent) co_return failed(commands.front(), sent.error());
  for (const auto& command : commands) {
    const auto reply = co_await connection.receive();
    if (!reply) co_return failed(command, reply.error());
    // It hangs up after an error, so that is all there is to do about one.
    if (*reply != "OK") {
      context_.log.error("LOOKUPD({}): {} - {}", shown_, command,
                         nsq::printable(std::string_view(*reply).substr(0, 256)));
    }
  }
  co_return Result<void>();
}

}  // namespace nsqd
