#include "clients/nsq/connection.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "clients/nsq/dial.hpp"
#include "clients/nsq/upgrade.hpp"
#include "common/base/bytes.hpp"
#include "common/wire/auth_reply.hpp"
#include "common/wire/client_commands.hpp"

namespace nsq::client {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

/// The connection's coroutines end without exceptions; what a listener throws ends the connection.
auto guard(std::shared_ptr<Connection> self) {
  return [self = std::move(self)](std::exception_ptr thrown) {
    if (thrown) self->close({Errc::closed, "unexpected exception"});
  };
}

Nanoseconds millis(Nanoseconds value) {
  return std::chrono::duration_cast<Milliseconds>(value);
}

/// As IDENTIFY has it: milliseconds, and -1 for "off", which may be set as -1 ns or -1 ms.
std::int64_t wire_millis(Nanoseconds value) {
  return value < Nanoseconds(0) ? -1 : millis(value) / Milliseconds(1);
}

}  // namespace

Connection::Connection(asio::any_io_executor executor, std::uint64_t id, Address nsqd,
                       std::shared_ptr<const Options> options, ConnectionLog log)
    : executor_(std::move(executor)),
      id_(id),
      nsqd_(std::move(nsqd)),
      options_(std::move(options)),
      log_(std::move(log)),
      socket_(executor_),
      deadline_(executor_),
      idle_(executor_),
      wake_(executor_, asio::steady_timer::time_point::max()) {}

// ---- handshake

asio::awaitable<Result<void>> Connection::open() {
  const auto self = shared_from_this();
  log_.logger.info("{} ({}) connecting to nsqd", log_.tag, nsqd_.text());
  arm_deadline(options_->handshake_timeout, {Errc::timed_out, "handshake: i/o timeout"});
  auto connected = co_await connect_socket();
  if (!connected) co_return connected;
  auto identified = co_await identify();
  if (!identified) {
    close(identified.error());
    co_return identified;
  }
  auto authenticated = co_await authenticate();
  if (!authenticated) {
    close(authenticated.error());
    co_return authenticated;
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> Connection::connect_socket() {
  auto dialled = co_await dial(socket_, nsqd_, *options_, closed_);
  if (closed_) co_return std::unexpected(reason_);
  if (!dialled) {
    close(dialled.error());
    co_return dialled;
  }
  stream_ = net::make_plain_stream(net::StreamSocket(std::move(socket_)));
  last_read_ = Clock::now();
  writer_running_ = true;
  asio::co_spawn(executor_, write_loop(), guard(shared_from_this()));
  co_return Result<void>();
}

wire::IdentifyRequest Connection::identify_request() const {
  wire::IdentifyRequest request;
  request.client_id = options_->client_id;
  request.hostname = options_->hostname;
  request.user_agent = options_->user_agent;
  request.feature_negotiation = true;
  request.heartbeat_interval = wire_millis(options_->heartbeat_interval);
  request.output_buffer_size = options_->output_buffer_size;
  request.output_buffer_timeout = wire_millis(options_->output_buffer_timeout);
  request.sample_rate = static_cast<std::int32_t>(options_->sample_rate);
  request.msg_timeout = wire_millis(options_->msg_timeout);
  request.tls_v1 = options_->tls_v1 || options_->tls_required;
  request.snappy = options_->snappy;
  request.deflate = options_->deflate;
  if (options_->deflate) request.deflate_level = options_->deflate_level;
  request.topology_region = options_->topology_region;
  request.topology_zone = options_->topology_zone;
  return request;
}

asio::awaitable<Result<void>> Connection::identify() {
  outbox_.append(wire::kMagicV2);
  wire::append_identify(outbox_, wire::encode_identify_request(identify_request()));
  kick();
  auto reply = co_await read_reply();
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->type != wire::FrameType::response) {
    co_return fail(Errc::rejected, std::string(reply->data));
  }
  // A bare OK is an old server, or a mock: the defaults of IdentifyResponse hold.
  if (reply->data == wire::kOk) co_return co_await upgrade();
  auto identity = wire::parse_identify_response(reply->data);
  if (!identity) {
    co_return fail(identity.error().code,
                   "invalid response to IDENTIFY: " + identity.error().text());
  }
  identity_ = std::move(*identity);
  if (auto upgraded = co_await upgrade(); !upgraded) co_return upgraded;
  co_return Result<void>();
}

/// AUTH, if the server asks for it: one that does not would refuse it.
asio::awaitable<Result<void>> Connection::authenticate() {
  if (!identity_.auth_required) co_return Result<void>();
  if (options_->auth_secret.empty()) co_return fail(Errc::rejected, "Auth Required");
  wire::append_auth(outbox_, options_->auth_secret);
  kick();
  auto reply = co_await read_reply();
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->type != wire::FrameType::response) {
    co_return fail(Errc::rejected, std::string(reply->data));
  }
  const auto granted = wire::parse_auth_reply(reply->data);
  if (!granted) co_return fail(granted.error().code, granted.error().text());
  log_.logger.info("{} ({}) Auth accepted. Identity: \"{}\" {} Permissions: {}", log_.tag,
                   nsqd_.text(), printable(granted->identity), printable(granted->identity_url),
                   granted->permission_count);
  co_return Result<void>();
}

/// Puts on what the server granted: TLS, then compression, each confirmed by an OK that comes over
/// it. Source: spec/client.md 4.
asio::awaitable<Result<void>> Connection::upgrade() {
  if (options_->tls_required && !identity_.tls_v1) {
    co_return fail(Errc::rejected, "TLS is required, and this nsqd does not offer it");
  }
  if (options_->tls_v1 && !identity_.tls_v1) {
    log_.logger.warn("{} ({}) TLS is not offered, going on in clear text", log_.tag, nsqd_.text());
  }
  if ((options_->snappy && !identity_.snappy) || (options_->deflate && !identity_.deflate)) {
    log_.logger.info("{} ({}) compression is not offered", log_.tag, nsqd_.text());
  }
  if (identity_.tls_v1) {
    auto secured = co_await start_tls(stream_, take_received(), *options_, nsqd_.host);
    if (closed_) co_return std::unexpected(reason_);
    if (!secured) co_return secured;
    if (auto ok = co_await expect_ok("TLS"); !ok) co_return ok;
  }
  if (!identity_.snappy && !identity_.deflate) co_return Result<void>();
  start_compression(stream_, take_received(), identity_);
  co_return co_await expect_ok(identity_.snappy ? "snappy" : "deflate");
}

asio::awaitable<Result<void>> Connection::expect_ok(std::string_view layer) {
  const auto reply = co_await read_reply();
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->type == wire::FrameType::error) {
    co_return fail(Errc::rejected, std::string(reply->data));
  }
  if (reply->type == wire::FrameType::response && reply->data == wire::kOk)
    co_return Result<void>();
  co_return fail(Errc::bad_frame, fmt::format("invalid response from {} upgrade", layer));
}

/// What came behind the last reply: it belongs to the next layer.
std::string Connection::take_received() {
  in_.consume(std::exchange(reply_bytes_, 0));
  std::string received(in_.data());
  in_.consume(received.size());
  return received;
}

asio::awaitable<Result<void>> Connection::subscribe(const wire::TopicName& topic,
                                                    const wire::ChannelName& channel) {
  const auto self = shared_from_this();
  wire::append_sub(outbox_, topic, channel);
  kick();
  auto reply = co_await read_reply();
  Result<void> result;
  if (!reply) {
    result = std::unexpected(reply.error());
  } else if (reply->type == wire::FrameType::error) {
    result = fail(Errc::rejected, std::string(reply->data));
  } else if (reply->type != wire::FrameType::response || reply->data != wire::kOk) {
    result = fail(Errc::bad_frame, "invalid response to SUB");
  }
  if (!result) close(result.error());
  co_return result;
}

/// The next frame that is not a heartbeat; its data is valid until the next read.
asio::awaitable<Result<wire::DecodedFrame>> Connection::read_reply() {
  for (;;) {
    in_.consume(std::exchange(reply_bytes_, 0));
    auto frame =
        wire::decode_frame(in_.data(), static_cast<std::uint32_t>(options_->max_frame_size));
    if (frame) {
      reply_bytes_ = frame->consumed;
      if (frame->type != wire::FrameType::response || frame->data != wire::kHeartbeat) {
        co_return frame;
      }
      answer_heartbeat();
      continue;
    }
    if (frame.error().code != Errc::need_more) co_return frame;
    auto filled = co_await fill();
    if (!filled) co_return std::unexpected(filled.error());
  }
}

// ---- reading

/// Waits for bytes and adds them to in_.
asio::awaitable<Result<void>> Connection::fill() {
  // decode_frame has already refused sizes beyond the limit.
  const std::string_view held = in_.data();
  const std::size_t wanted = held.size() < 4 ? 0 : 4 + std::size_t{load_be32(held.data())};
  const auto room = in_.room(wanted);
  net::IoResult got = stream_->read_some({room.data, room.size});
  while (got.status == net::IoStatus::would_block) {
    const error_code ended = co_await stream_->wait_readable();
    if (closed_) co_return std::unexpected(reason_);
    if (ended) co_return fail(ended, "read: " + ended.message());
    got = stream_->read_some({room.data, room.size});
  }
  if (got.status != net::IoStatus::ok) {
    if (write_error_) co_return std::unexpected(*write_error_);
    if (got.status == net::IoStatus::eof) co_return fail(asio::error::eof, "EOF");
    co_return fail(got.error, "read: " + got.error.message());
  }
  in_.commit(got.bytes);
  last_read_ = Clock::now();
  co_return Result<void>();
}

void Connection::start(std::weak_ptr<ConnectionListener> listener) {
  listener_ = std::move(listener);
  started_ = true;
  deadline_.cancel();
  in_.consume(std::exchange(reply_bytes_, 0));
  asio::co_spawn(executor_, read_loop(), guard(shared_from_this()));
  if (options_->heartbeats()) {
    asio::co_spawn(executor_, idle_loop(), guard(shared_from_this()));
  }
}

asio::awaitable<void> Connection::read_loop() {
  const auto self = shared_from_this();
  while (!closed_) {
    const bool go_on = handle_frames();
    if (!go_on) co_return;
    auto filled = co_await fill();
    if (!filled) {
      close(filled.error());
      co_return;
    }
  }
}

/// Passes on every whole frame that is there. False: the connection is over.
bool Connection::handle_frames() {
  const auto max_size = static_cast<std::uint32_t>(options_->max_frame_size);
  bool any = false;
  for (;;) {
    auto frame = wire::decode_frame(in_.data(), max_size);
    if (!frame) {
      if (frame.error().code == Errc::need_more) break;
      close({frame.error().code, "protocol violation: " + frame.error().text()});
      return false;
    }
    const bool go_on = handle_frame(*frame);
    if (!go_on || closed_) return false;
    in_.consume(frame->consumed);
    any = true;
  }
  if (any) {
    if (auto listener = listener_.lock()) listener->on_read_end(*this);
  }
  return !closed_;
}

bool Connection::handle_frame(const wire::DecodedFrame& frame) {
  const auto listener = listener_.lock();
  switch (frame.type) {
    case wire::FrameType::message: {
      auto message = wire::decode_message(frame.data);
      if (!message) {
        close({message.error().code, "protocol violation: " + message.error().text()});
        return false;
      }
      if (listener) listener->on_message(*this, *message);
      return true;
    }
    case wire::FrameType::response:
      if (frame.data == wire::kHeartbeat) {
        answer_heartbeat();
      } else if (listener) {
        listener->on_response(*this, frame.data);
      }
      return true;
    case wire::FrameType::error:
      handle_error(frame.data);
      return true;
  }
  return false;
}

void Connection::handle_error(std::string_view text) {
  const wire::ProtocolError error = wire::parse_protocol_error(text);
  if (auto listener = listener_.lock()) listener->on_error(*this, error);
  // The server closes behind any other error; waiting for that gains nothing.
  if (error.fatal) close({Errc::rejected, std::string(text)});
}

void Connection::answer_heartbeat() {
  log_.logger.debug("{} ({}) heartbeat received", log_.tag, nsqd_.text());
  wire::append_nop(outbox_);
  kick();
}

// ---- writing

void Connection::kick() {
  if (closed_ || write_error_) {
    outbox_.clear();
    return;
  }
  wake_writer();
}

void Connection::wake_writer() {
  if (!std::exchange(writer_waits_, false)) return;
  wake_.cancel();
}

/// Takes what has gathered and writes it; sleeps when there is nothing. Being woken goes through
/// the loop's queue, so that what the rest of the turn appends leaves with the same write.
asio::awaitable<void> Connection::write_loop() {
  const auto self = shared_from_this();
  while (!closed_) {
    if (outbox_.empty()) {
      if (close_after_write_) {
        close(*std::move(close_after_write_));
        co_return;
      }
      writer_waits_ = true;
      co_await wake_.async_wait(kNoThrow);
      continue;
    }
    writing_.clear();
    writing_.swap(outbox_);
    bytes_taken_ += writing_.size();
    const bool written = co_await write_all();
    if (!written) co_return;
    if (writing_.capacity() > 256_KiB) writing_ = {};
  }
}

asio::awaitable<bool> Connection::write_all() {
  std::size_t done = 0;
  bool timed = false;
  for (;;) {
    net::IoResult put;
    if (done < writing_.size()) {
      const iovec part{writing_.data() + done, writing_.size() - done};
      put = stream_->write_some({&part, 1});
      done += put.bytes;
      bytes_written_ += put.bytes;
    } else {
      put = stream_->flush();
      if (put.status == net::IoStatus::ok) break;
    }
    if (put.status == net::IoStatus::ok) continue;
    error_code code = put.error;
    if (put.status == net::IoStatus::would_block) {
      // The handshake's deadline is already running before start().
      if (!timed && started_) {
        timed = true;
        arm_deadline(options_->write_timeout, {Errc::timed_out, "write: i/o timeout"});
      }
      code = co_await stream_->wait_writable();
      if (closed_) co_return false;
      if (!code) continue;
    }
    lose_peer({code, "write: " + code.message()});
    co_return false;
  }
  if (timed && !closed_) deadline_.cancel();
  co_return !closed_;
}

/// A peer that closed may have said why first: the reader finds out, and ends the connection.
void Connection::lose_peer(Error reason) {
  if (closed_) return;
  write_error_ = reason;
  outbox_.clear();
  arm_deadline(options_->write_timeout, std::move(reason));
}

// ---- deadlines and the end

void Connection::arm_deadline(Nanoseconds after, Error reason) {
  deadline_.expires_after(after);
  deadline_.async_wait([self = shared_from_this(), reason = std::move(reason)](error_code code) {
    if (!code && Clock::now() >= self->deadline_.expiry()) self->close(reason);
  });
}

/// Two heartbeats missed, or read_timeout, end the connection; but never less than one heartbeat
/// and a second, since equal settings are allowed. Source: spec/client.md 6.1.
asio::awaitable<void> Connection::idle_loop() {
  const auto self = shared_from_this();
  Nanoseconds interval = options_->heartbeat_interval;
  if (interval == Nanoseconds(0)) interval = Seconds(30);
  const Nanoseconds limit =
      std::max(std::min(options_->read_timeout, 2 * interval + Seconds(1)), interval + Seconds(1));
  while (!closed_) {
    idle_.expires_at(last_read_ + limit);
    co_await idle_.async_wait(kNoThrow);
    if (!closed_ && Clock::now() >= last_read_ + limit) {
      close({Errc::timed_out, "read: i/o timeout"});
    }
  }
}

void Connection::close_when_written(Error reason) {
  if (closed_) return;
  if (!writer_running_ || write_error_) {
    close(std::move(reason));
    return;
  }
  close_after_write_ = std::move(reason);
  wake_writer();
}

void Connection::close(Error reason) {
  if (closed_) return;
  closed_ = true;
  reason_ = std::move(reason);
  outbox_.clear();
  error_code ignored;
  socket_.close(ignored);
  if (stream_) stream_->close();
  deadline_.cancel();
  idle_.cancel();
  wake_writer();
  if (!started_) return;
  asio::post(executor_, [self = shared_from_this()] {
    if (auto listener = self->listener_.lock()) listener->on_closed(*self, self->reason_);
  });
}

}  // namespace nsq::client
