#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "clients/nsq/consumer_impl.hpp"
#include "common/wire/client_commands.hpp"

// What comes in and what goes back: messages, their answers, RDY.

namespace nsq::client {

namespace asio = boost::asio;
using detail::Response;

// ---- in

void Consumer::Impl::on_message(Connection& connection, const wire::MessageView& message) {
  const auto at = active_.find(connection.id());
  if (at == active_.end()) return;
  ConsumerPeer& peer = *at->second;
  ++peer.in_flight;
  peer.fresh_messages = true;
  counters_.received.fetch_add(1, std::memory_order_relaxed);
  counters_.in_flight.fetch_add(1, std::memory_order_relaxed);
  handlers_->queue.push(Message(peer.origin, message), read_clock().mono);
}

void Consumer::Impl::on_read_end(Connection& connection) {
  const auto at = active_.find(connection.id());
  if (at == active_.end() || !at->second->fresh_messages) return;
  at->second->fresh_messages = false;
  rdy_.note_messages(connection.id(), read_clock().mono);
  update_starved();
}

void Consumer::Impl::on_response(Connection& connection, std::string_view text) {
  const auto at = active_.find(connection.id());
  if (at == active_.end()) return;
  if (text == wire::kCloseWait && at->second->leaving) {
    at->second->close_wait = true;
    close_if_drained(*at->second);
    return;
  }
  log_.logger.warn("{} ({}) unexpected response {}", log_.tag, connection.nsqd().text(), text);
}

void Consumer::Impl::on_error(Connection& connection, const wire::ProtocolError& error) {
  log_.logger.error("{} ({}) protocol error - {}", log_.tag, connection.nsqd().text(),
                    error.text());
  if (error.fatal) return;
  // "FIN <id> failed <why>"
  const std::string_view text = error.description;
  const auto id_at = text.find(' ');
  if (id_at == std::string_view::npos) return;
  counters_.failed_responses.fetch_add(1, std::memory_order_relaxed);
  report_failed_response(connection.nsqd(), text.substr(id_at + 1, wire::kMessageIdBytes), text);
}

// ---- out

void Consumer::Impl::on_responses(const std::vector<Response>& responses) {
  const auto self = shared_from_this();
  for (const Response& response : responses) {
    const auto at = active_.find(response.connection);
    if (at == active_.end()) {
      on_late_response(response);
    } else {
      send_answer(*at->second, response);
    }
  }
  if (!responses.empty()) update_starved();
  check_stopped();
}

void Consumer::Impl::send_answer(ConsumerPeer& peer, const Response& response) {
  Connection& connection = *peer.connection;
  if (response.kind == Response::Kind::touch) {
    counters_.touched.fetch_add(1, std::memory_order_relaxed);
    wire::append_touch(connection.outbox(), response.id);
    connection.kick();
    return;
  }
  --peer.in_flight;
  counters_.in_flight.fetch_sub(1, std::memory_order_relaxed);
  // A change of RDY that an answer causes goes out before it. Source: spec/client.md 8.
  switch (response.kind) {
    case Response::Kind::finish:
      counters_.finished.fetch_add(1, std::memory_order_relaxed);
      signal(FlowSignal::resume);
      wire::append_fin(connection.outbox(), response.id);
      break;
    case Response::Kind::requeue:
      counters_.requeued.fetch_add(1, std::memory_order_relaxed);
      signal(response.failure ? FlowSignal::failure : FlowSignal::neutral);
      wire::append_req(
          connection.outbox(), response.id,
          static_cast<std::uint64_t>(requeue_delay(response) / Nanoseconds(Milliseconds(1))));
      break;
    default:
      counters_.abandoned.fetch_add(1, std::memory_order_relaxed);
      break;
  }
  connection.kick();
  close_if_drained(peer);
}

/// Never sent over another connection: the server would refuse it.
void Consumer::Impl::on_late_response(const Response& response) {
  const auto at = gone_.find(response.connection);
  if (at == gone_.end()) return;
  const Address nsqd = at->second.nsqd;
  if (response.kind == Response::Kind::touch) return;
  if (--at->second.unanswered == 0) gone_.erase(at);
  if (response.kind == Response::Kind::abandon) {
    counters_.abandoned.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  counters_.dropped_responses.fetch_add(1, std::memory_order_relaxed);
  report_failed_response(nsqd, response.id.view(), "connection closed");
}

Nanoseconds Consumer::Impl::requeue_delay(const Response& response) const {
  if (response.delay) return std::max(*response.delay, Nanoseconds(0));
  return std::min(options_->default_requeue_delay * response.attempts, options_->max_requeue_delay);
}

void Consumer::Impl::report_failed_response(const Address& nsqd, std::string_view id,
                                            std::string_view why) {
  if (!hooks_.response_failed) return;
  try {
    hooks_.response_failed(nsqd, id, why);
  } catch (...) {
    log_.logger.error("{} response hook threw", log_.tag);
  }
}

void Consumer::Impl::close_if_drained(ConsumerPeer& peer) {
  if (!peer.close_wait || peer.in_flight > 0) return;
  peer.connection->close_when_written({Errc::closed, "drained"});
}

// ---- how much

void Consumer::Impl::signal(FlowSignal signal) {
  flow_->on_signal(signal);
  update_budget();
}

void Consumer::Impl::set_max_in_flight(std::int64_t count) {
  asio::post(executor_, [weak = weak_from_this(), count] {
    auto self = weak.lock();
    if (!self) return;
    self->max_in_flight_ = count;
    self->update_budget();
    self->update_starved();
  });
}

void Consumer::Impl::update_budget() {
  const std::int64_t budget =
      std::clamp<std::int64_t>(flow_->budget(max_in_flight_), 0, max_in_flight_);
  if (budget != rdy_.budget()) apply(rdy_.set_budget(budget, read_clock().mono));
}

void Consumer::Impl::apply(const RdyController::Changes& changes) {
  for (const RdyChange& change : changes) {
    const auto at = active_.find(change.connection);
    if (at == active_.end()) continue;
    Connection& connection = *at->second->connection;
    wire::append_rdy(connection.outbox(), static_cast<std::uint64_t>(change.count));
    connection.kick();
  }
}

/// Some connection has most of its RDY in flight. Source: spec/client.md 7.4.
void Consumer::Impl::update_starved() {
  const bool starved = std::ranges::any_of(active_, [&](const auto& entry) {
    const ConsumerPeer& peer = *entry.second;
    if (peer.leaving || peer.in_flight == 0) return false;
    return static_cast<double>(peer.in_flight) >= 0.85 * static_cast<double>(rdy_.rdy(entry.first));
  });
  starved_.store(starved, std::memory_order_relaxed);
}

asio::awaitable<void> Consumer::Impl::redistribute_loop() {
  while (!stopping_) {
    redistribute_.expires_after(options_->rdy_redistribute_interval);
    co_await redistribute_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!stopping_) apply(rdy_.redistribute(read_clock().mono));
  }
}

}  // namespace nsq::client
