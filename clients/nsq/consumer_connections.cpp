#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "clients/nsq/consumer_impl.hpp"
#include "common/wire/client_commands.hpp"

// The Consumer's connections: made, lost, made again, given back.

namespace nsq::client {

namespace asio = boost::asio;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

/// Keeps a background coroutine's owner alive; its exceptions (out of memory) have nowhere to go.
auto keep(std::shared_ptr<void> self) {
  return [self = std::move(self)](const std::exception_ptr&) {};
}

}  // namespace

/// What the first connection, or search for one, begins with.
Result<void> Consumer::Impl::begin() {
  if (stopping_ || stop_asked_) return fail(Errc::closed, "stopped");
  if (!has_handlers_ && !pull_) return fail(Errc::bad_config, "no handlers");
  if (!std::exchange(ever_connected_, true)) {
    asio::co_spawn(executor_, redistribute_loop(), keep(shared_from_this()));
  }
  return {};
}

Consumer::Impl::Peer Consumer::Impl::add_peer(const Address& nsqd) {
  ReconnectSchedule schedule(options_->reconnect_min, options_->reconnect_max, [self = this] {
    return std::uniform_real_distribution<double>(0, 1)(self->random_);
  });
  auto peer = std::make_shared<ConsumerPeer>(executor_, nsqd, std::move(schedule));
  peers_.emplace(nsqd, peer);
  return peer;
}

asio::awaitable<Result<void>> Consumer::Impl::connect(Address nsqd, ConnectMode mode) {
  const auto self = shared_from_this();
  if (auto begun = begin(); !begun) co_return begun;
  if (peers_.contains(nsqd)) co_return fail(Errc::bad_config, "already connected");
  const Peer peer = add_peer(nsqd);
  peer->named = true;
  sent_away_.erase(nsqd);
  auto established = co_await establish(peer);
  if (established) co_return established;
  if (mode == ConnectMode::fail_fast || stopping_ || peer->leaving) {
    forget(peer);
    co_return established;
  }
  const bool go_on = retry_failed(*peer, established.error());
  if (go_on) {
    asio::co_spawn(executor_, retry_loop(peer, pause_after(established.error())), keep(self));
  } else {
    forget(peer);
  }
  co_return Result<void>();
}

/// One attempt, up to a subscribed connection that is part of the distribution.
asio::awaitable<Result<void>> Consumer::Impl::establish(Peer peer) {
  const auto connection =
      std::make_shared<Connection>(executor_, next_connection_++, peer->address, options_, log_);
  peer->connection = connection;
  emit(ConnectionEvent::Kind::connecting, peer->address);
  auto result = co_await connection->open();
  if (result) result = co_await connection->subscribe(topic_, channel_);
  if (result && (stopping_ || peer->leaving)) {
    connection->close({Errc::closed, "stopped"});
    result = fail(Errc::closed, "stopped");
  }
  if (!result) {
    peer->connection.reset();
    co_return result;
  }
  activate(peer);
  co_return result;
}

void Consumer::Impl::activate(const Peer& peer) {
  Connection& connection = *peer->connection;
  const wire::IdentifyResponse& identity = connection.identity();
  peer->origin = std::make_shared<const detail::Origin>(
      detail::Origin{.address = peer->address,
                     .connection = connection.id(),
                     .msg_timeout = Milliseconds(identity.msg_timeout),
                     .max_msg_timeout = Milliseconds(identity.max_msg_timeout),
                     .sink = mailbox_});
  peer->active_since = read_clock().mono;
  peer->in_flight = 0;
  peer->close_wait = false;
  if (identity.max_rdy_count < max_in_flight_) {
    log_.logger.warn("{} ({}) max RDY count {} < consumer max in flight {}, truncation possible",
                     log_.tag, peer->address.text(), identity.max_rdy_count, max_in_flight_);
  }
  active_.emplace(connection.id(), peer);
  counters_.connections.fetch_add(1, std::memory_order_relaxed);
  connection.start(weak_from_this());
  emit(ConnectionEvent::Kind::subscribed, peer->address);
  apply(rdy_.add(connection.id(), identity.max_rdy_count, peer->active_since));
}

void Consumer::Impl::on_closed(Connection& connection, const Error& reason) {
  const auto at = active_.find(connection.id());
  if (at == active_.end()) return;
  const Peer peer = at->second;
  active_.erase(at);
  if (peer->in_flight > 0) gone_.emplace(connection.id(), Gone{peer->address, peer->in_flight});
  counters_.in_flight.fetch_sub(peer->in_flight, std::memory_order_relaxed);
  counters_.connections.fetch_sub(1, std::memory_order_relaxed);
  peer->connection.reset();
  const MonoTime now = read_clock().mono;
  apply(rdy_.remove(connection.id(), now));
  update_starved();
  emit(ConnectionEvent::Kind::closed, peer->address, reason);
  if (stopping_ || peer->leaving) {
    log_.logger.info("{} ({}) connection closed: {}", log_.tag, peer->address.text(),
                     reason.text());
    forget(peer);
    return;
  }
  log_.logger.error("{} ({}) connection lost: {}", log_.tag, peer->address.text(), reason.text());
  discovery_->ask_soon();
  if (!wanted(*peer)) return forget(peer);
  const auto pause = pause_after_close(*peer, reason);
  if (!pause) return forget(peer);
  asio::co_spawn(executor_, retry_loop(peer, *pause), keep(shared_from_this()));
}

/// What the server refuses, it refuses again a moment later.
Consumer::Impl::Pause Consumer::Impl::pause_after(const Error& failure) {
  return failure.code == Errc::rejected ? Pause::longest : Pause::growing;
}

/// What the address whose connection ended waits for; nothing: it is given up. A server that lets a
/// client subscribe only to send it away (its grant is withdrawn, say) did not really take it, so
/// that is an attempt that failed.
std::optional<Consumer::Impl::Pause> Consumer::Impl::pause_after_close(ConsumerPeer& peer,
                                                                       const Error& reason) {
  const bool lived = peer.schedule.lived(read_clock().mono - peer.active_since);
  if (reason.code == Errc::rejected && !lived) {
    if (!retry_failed(peer, reason)) return std::nullopt;
    return Pause::longest;
  }
  peer.failures = 0;
  peer.last_failure.clear();
  return Pause::growing;
}

/// Whether a connection that is not there should be made.
bool Consumer::Impl::wanted(const ConsumerPeer& peer) const {
  if (stopping_ || peer.leaving) return false;
  return peer.named || found_.contains(peer.address);
}

asio::awaitable<void> Consumer::Impl::retry_loop(Peer peer, Pause pause) {
  const bool again = pause != Pause::none;
  for (bool first = true;; first = false) {
    if (pause != Pause::none) {
      peer->retry.expires_after(pause == Pause::longest ? peer->schedule.after_refusal()
                                                        : peer->schedule.next());
      if (wanted(*peer)) co_await peer->retry.async_wait(kNoThrow);
    }
    if (!wanted(*peer)) break;
    auto established = co_await establish(peer);
    if (established) {
      if (again || !first) counters_.reconnects.fetch_add(1, std::memory_order_relaxed);
      co_return;
    }
    if (!wanted(*peer)) break;
    if (!retry_failed(*peer, established.error())) break;
    pause = pause_after(established.error());
  }
  forget(peer);
}

/// Counts and reports a failed attempt. False: the address is given up.
bool Consumer::Impl::retry_failed(ConsumerPeer& peer, const Error& error) {
  const std::string text = error.text();
  if (text != peer.last_failure) {
    log_.logger.error("{} ({}) error connecting to nsqd - {}, retrying", log_.tag,
                      peer.address.text(), text);
    peer.last_failure = text;
  } else {
    log_.logger.debug("{} ({}) error connecting to nsqd again", log_.tag, peer.address.text());
  }
  ++peer.failures;
  const std::int64_t limit = options_->reconnect_max_attempts;
  if (limit == 0 || peer.failures < limit) return true;
  log_.logger.error("{} ({}) giving up after {} attempts", log_.tag, peer.address.text(), limit);
  emit(ConnectionEvent::Kind::given_up, peer.address, error);
  return false;
}

Result<void> Consumer::Impl::disconnect(const Address& nsqd) {
  const auto at = peers_.find(nsqd);
  if (at == peers_.end() || at->second->leaving) return fail(Errc::bad_config, "not connected");
  const Peer peer = at->second;
  if (found_.contains(nsqd)) sent_away_.insert(nsqd);
  leave(*peer);
  return {};
}

/// Begins to give a connection back: no more messages are asked for, and it is closed when the last
/// is answered.
void Consumer::Impl::leave(ConsumerPeer& peer) {
  if (std::exchange(peer.leaving, true)) return;
  peer.retry.cancel();
  if (!peer.connection) return;
  Connection& connection = *peer.connection;
  if (!active_.contains(connection.id())) {
    connection.close({Errc::closed, "stopped"});
    return;
  }
  apply(rdy_.remove(connection.id(), read_clock().mono));
  wire::append_cls(connection.outbox());
  connection.kick();
}

void Consumer::Impl::forget(const Peer& peer) {
  const auto at = peers_.find(peer->address);
  if (at != peers_.end() && at->second == peer) peers_.erase(at);
  check_stopped();
}

void Consumer::Impl::emit(ConnectionEvent::Kind kind, const Address& nsqd, Error reason) {
  if (!hooks_.connection) return;
  try {
    hooks_.connection({.kind = kind, .nsqd = nsqd, .reason = std::move(reason)});
  } catch (...) {
    log_.logger.error("{} connection hook threw", log_.tag);
  }
}

}  // namespace nsq::client
