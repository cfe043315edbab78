#include "clients/nsq/producer_impl.hpp"

#include <exception>
#include <limits>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "clients/nsq/client_ids.hpp"
#include "common/wire/client_commands.hpp"

namespace nsq::client {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {
const Error kStopped{Errc::closed, "stopped"};
}

Producer::Impl::Impl(asio::any_io_executor executor, Address nsqd, Options options, Logger logger)
    : executor_(std::move(executor)),
      nsqd_(std::move(nsqd)),
      options_(std::make_shared<const Options>(std::move(options))),
      log_{std::move(logger), fmt::format("{:>3}", next_client_id())},
      queue_(options_->max_outstanding_messages, options_->max_outstanding_bytes),
      timer_(executor_),
      idle_(executor_) {}

// ---- what is asked for

Result<void> Producer::Impl::check_body(std::string_view command, std::string_view body) const {
  const auto max = static_cast<std::size_t>(options_->max_msg_size);
  if (body.empty()) {
    return fail(Errc::out_of_range, fmt::format("{} invalid message body size 0", command));
  }
  if (max != 0 && body.size() > max) {
    return fail(Errc::out_of_range,
                fmt::format("{} message too big {} > {}", command, body.size(), max));
  }
  if (body.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    return fail(Errc::out_of_range, fmt::format("{} message too big {}", command, body.size()));
  }
  return {};
}

Result<void> Producer::Impl::check_batch(const std::vector<std::string>& bodies) const {
  if (bodies.empty()) return fail(Errc::out_of_range, "MPUB invalid message count 0");
  std::size_t total = 4;
  for (const std::string& body : bodies) {
    if (auto ok = check_body("MPUB", body); !ok) return ok;
    total += 4 + body.size();
  }
  const auto limit = options_->max_body_size != 0 ? options_->max_body_size
                                                  : std::numeric_limits<std::int32_t>::max();
  if (total > static_cast<std::size_t>(limit)) {
    return fail(Errc::out_of_range, fmt::format("MPUB body too big {} > {}", total, limit));
  }
  return {};
}

void Producer::Impl::publish(std::string_view topic, std::string_view body, Completion done) {
  auto name = wire::TopicName::parse(topic);
  if (!name) return finish_soon(std::move(done), name.error());
  if (auto ok = check_body("PUB", body); !ok) return finish_soon(std::move(done), ok.error());
  std::string command;
  command.reserve(topic.size() + body.size() + 16);
  wire::append_pub(command, *name, body);
  accept(std::move(command), true, std::move(done));
}

void Producer::Impl::multi_publish(std::string_view topic, const std::vector<std::string>& bodies,
                                   Completion done) {
  auto name = wire::TopicName::parse(topic);
  if (!name) return finish_soon(std::move(done), name.error());
  if (auto ok = check_batch(bodies); !ok) return finish_soon(std::move(done), ok.error());
  std::string command;
  wire::append_mpub(command, *name, bodies);
  accept(std::move(command), true, std::move(done));
}

void Producer::Impl::deferred_publish(std::string_view topic, Nanoseconds delay,
                                      std::string_view body, Completion done) {
  auto name = wire::TopicName::parse(topic);
  if (!name) return finish_soon(std::move(done), name.error());
  if (auto ok = check_body("DPUB", body); !ok) return finish_soon(std::move(done), ok.error());
  if (delay < Nanoseconds(0)) {
    return finish_soon(std::move(done), {Errc::out_of_range, "DPUB delay below 0"});
  }
  const auto ms = static_cast<std::uint64_t>(delay / Nanoseconds(Milliseconds(1)));
  std::string command;
  wire::append_dpub(command, *name, ms, body);
  accept(std::move(command), true, std::move(done));
}

void Producer::Impl::ping(Completion done) {
  std::string command;
  wire::append_nop(command);
  accept(std::move(command), false, std::move(done));
}

void Producer::Impl::accept(std::string command, bool answered, Completion done) {
  if (stopped_) return finish_soon(std::move(done), kStopped);
  Transaction transaction;
  transaction.bytes = command.size();
  transaction.command = std::move(command);
  transaction.answered = answered;
  transaction.deadline = read_clock().mono + options_->publish_timeout;
  transaction.done = std::move(done);
  if (!queue_.add(std::move(transaction))) {
    // add() leaves alone what it refuses.
    return finish_soon(std::move(transaction.done), {Errc::closed, "too much is outstanding"});
  }
  arm_timer();
  pump();
}

// ---- to the wire

/// Writes what may be written, or sees to a connection.
void Producer::Impl::pump() {
  if (!connection_ && queue_.has_waiting()) {
    connection_ =
        std::make_shared<Connection>(executor_, next_connection_++, nsqd_, options_, log_);
    asio::co_spawn(executor_, connect(), [self = shared_from_this()](const std::exception_ptr&) {});
    return;
  }
  if (!ready_) return;
  while (queue_.may_send()) {
    if (queue_.oldest_waiting().answered) {
      Transaction& transaction = queue_.send_next();
      transaction.starts_at = connection_->bytes_queued();
      connection_->outbox().append(transaction.command);
      transaction.command = {};
    } else {
      // Nothing answers a ping: the handshake has worked and the connection takes bytes.
      Transaction ping = queue_.take_waiting();
      connection_->outbox().append(ping.command);
      finish(std::move(ping), {});
    }
  }
  connection_->kick();
}

asio::awaitable<void> Producer::Impl::connect() {
  const auto connection = connection_;
  auto opened = co_await connection->open();
  if (!opened) {
    connection_.reset();
    if (closed_) co_return;
    log_.logger.error("{} ({}) error connecting to nsqd - {}", log_.tag, nsqd_.text(),
                      opened.error().text());
    fail_waiting(opened.error());
    co_return;
  }
  ++stats_.connects;
  ready_ = true;
  connection->start(weak_from_this());
  pump();
}

// ---- from the wire

void Producer::Impl::on_message(Connection& connection, const wire::MessageView&) {
  connection.close({Errc::bad_frame, "unexpected message on a producer's connection"});
}

void Producer::Impl::on_response(Connection& connection, std::string_view text) {
  if (!queue_.has_sent() || text != wire::kOk) {
    connection.close({Errc::bad_frame, fmt::format("unexpected response {}", text)});
    return;
  }
  ++stats_.acknowledged;
  finish(queue_.take_sent(), {});
}

void Producer::Impl::on_error(Connection& connection, const wire::ProtocolError& error) {
  log_.logger.error("{} ({}) protocol error - {}", log_.tag, connection.nsqd().text(),
                    error.text());
  if (!queue_.has_sent()) return;
  ++stats_.rejected;
  finish(queue_.take_sent(), fail(Errc::rejected, error.text()));
}

void Producer::Impl::on_read_end(Connection&) {
  pump();
  check_idle();
}

void Producer::Impl::on_closed(Connection& connection, const Error& reason) {
  if (&connection != connection_.get()) return;
  if (!closed_) {
    log_.logger.error("{} ({}) connection lost: {}", log_.tag, nsqd_.text(), reason.text());
  }
  const auto lost = std::exchange(connection_, nullptr);
  ready_ = false;
  fail_sent(*lost, reason);
  if (!closed_) pump();  // what came meanwhile takes the next connection
}

/// Bytes that the kernel took may have arrived; the others have not left.
void Producer::Impl::fail_sent(const Connection& connection, const Error& reason) {
  while (queue_.has_sent()) {
    Transaction transaction = queue_.take_sent();
    if (transaction.starts_at < connection.bytes_written()) {
      ++stats_.unknown;
      finish(std::move(transaction), fail(Errc::unknown_outcome, reason.text()));
    } else {
      ++stats_.not_sent;
      finish(std::move(transaction), fail(Errc::closed, "not sent: " + reason.text()));
    }
  }
  check_idle();
}

void Producer::Impl::fail_waiting(const Error& reason) {
  while (queue_.has_waiting()) {
    ++stats_.not_sent;
    finish(queue_.take_waiting(), std::unexpected(reason));
  }
  check_idle();
}

// ---- the end of each

void Producer::Impl::finish(Transaction transaction, Result<void> result) {
  complete(std::move(transaction.done), std::move(result));
}

void Producer::Impl::finish_soon(Completion done, Error reason) {
  ++stats_.not_sent;
  complete(std::move(done), std::unexpected(std::move(reason)));
}

/// Through the loop's queue, so that a slow or reentrant callback is never inside the reader.
void Producer::Impl::complete(Completion done, Result<void> result) {
  if (!done) return;
  asio::post(executor_, [done = std::move(done), result = std::move(result)]() mutable {
    done(std::move(result));
  });
}

void Producer::Impl::arm_timer() {
  if (timer_armed_ || queue_.empty()) return;
  timer_armed_ = true;
  timer_.expires_at(queue_.has_sent() ? queue_.oldest_sent().deadline
                                      : queue_.oldest_waiting().deadline);
  timer_.async_wait([weak = weak_from_this()](error_code) {
    auto self = weak.lock();
    if (!self) return;
    self->timer_armed_ = false;
    self->on_timer();
    self->arm_timer();
  });
}

void Producer::Impl::on_timer() {
  const MonoTime now = read_clock().mono;
  if (queue_.has_sent() && queue_.oldest_sent().deadline <= now) {
    // Later answers could no longer be told apart.
    if (connection_) connection_->close({Errc::timed_out, "publish: i/o timeout"});
    return;
  }
  while (queue_.has_waiting() && queue_.oldest_waiting().deadline <= now) {
    ++stats_.not_sent;
    finish(queue_.take_waiting(), fail(Errc::timed_out, "not sent: i/o timeout"));
  }
  check_idle();
}

// ---- flush and stop

void Producer::Impl::check_idle() {
  if (queue_.empty()) idle_.cancel();
}

asio::awaitable<Result<void>> Producer::Impl::flush(Nanoseconds limit) {
  const auto self = shared_from_this();
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (queue_.has_waiting() || queue_.has_sent()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      co_return fail(Errc::timed_out, "publishes are outstanding");
    }
    asio::steady_timer& idle = idle_;
    idle.expires_at(deadline);
    co_await idle.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> Producer::Impl::stop(Nanoseconds limit) {
  const auto self = shared_from_this();
  stopped_ = true;
  auto flushed = co_await flush(limit);
  shutdown();
  co_return flushed;
}

void Producer::Impl::shutdown() {
  stopped_ = true;
  closed_ = true;
  if (connection_) connection_->close(kStopped);
  if (ready_) {
    fail_sent(*connection_, kStopped);
    ready_ = false;
  }
  fail_waiting(kStopped);
  timer_.cancel();
}

ProducerStats Producer::Impl::stats() const {
  ProducerStats now = stats_;
  now.outstanding = queue_.size();
  return now;
}

}  // namespace nsq::client
