#include "nsqd/session/session.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/core.h>

#include "common/net/deflate_stream.hpp"
#include "common/net/snappy_stream.hpp"
#include "common/net/socket_text.hpp"
#include "common/net/tls_stream.hpp"

namespace nsqd {

using boost::asio::awaitable;
using nsq::net::IoResult;
using nsq::net::IoStatus;

namespace {

/// Reads of one connection before the others of the thread have their turn.
constexpr int kReadsPerTurn = 4;

/// How long a connection that ends may take to get its last replies out and the client to hang up.
constexpr nsq::Nanoseconds kLinger = nsq::Seconds(1);

/// Unsent replies beyond which nothing more is read, unless the client reads.
constexpr std::size_t kMaxUnsentReplyBytes = 1024 * 1024;

constexpr PullLimits kPullLimits{.messages = 4096, .bytes = 512 * 1024};

/// In upstream's words: `read tcp 127.0.0.1:4150->127.0.0.1:50000: i/o timeout`.
std::string read_timeout(nsq::net::ByteStream& stream, const std::string& remote) {
  sockaddr_storage own{};
  socklen_t bytes = sizeof own;
  const int got = ::getsockname(stream.native_handle(), reinterpret_cast<sockaddr*>(&own), &bytes);
  const auto local = nsq::net::from_sockaddr(own);
  if (got != 0 || local.is_unix()) return "i/o timeout";
  return fmt::format("read tcp {}->{}: i/o timeout", nsq::net::to_string(local), remote);
}

}  // namespace

Session::Session(SessionContext& context, std::unique_ptr<nsq::net::ByteStream> stream,
                 std::string remote_address)
    : context_(context),
      stream_(std::move(stream)),
      remote_address_(std::move(remote_address)),
      protocol_(context, *this, remote_address_) {}

Session::~Session() = default;

awaitable<void> Session::run() {
  // The scope's end, however it comes about, also by cancellation, leaves the channel.
  struct Leave {
    Session& session;
    explicit Leave(Session& s) : session(s) {}
    Leave(const Leave&) = delete;
    Leave& operator=(const Leave&) = delete;
    ~Leave() { session.leave(); }
  };
  const auto self = shared_from_this();
  const Leave leave(*this);
  co_await read_loop();
  co_await wind_down();
}

awaitable<void> Session::read_loop() {
  while (!closed_ && !input_ended_ && !protocol_.ended()) {
    const auto error = co_await stream_->wait_readable();
    if (error) co_return;
    int reads = 0;
    while (reads < kReadsPerTurn && read_some()) ++reads;
    // Nothing is read while somebody else is asked who the client is.
    while (!closed_ && protocol_.waiting()) co_await progress();
    if (protocol_.layers().any()) {
      co_await put_layers_on();
      continue;
    }
    // There may be more, but what came is worked off, and answered, first.
    if (reads == kReadsPerTurn) co_await progress();
    // What the disk is too slow for must not gather here.
    while (!closed_ && protocol_.replies().waiting() && context_.io.commits().congested()) {
      co_await progress();
    }
    // A client that sends and never reads must not make its unsent replies grow for ever.
    while (blocked_ && !closed_ && protocol_.replies().ready().size() > kMaxUnsentReplyBytes) {
      co_await progress();
    }
  }
}

/// One read and what follows from it. @return whether to read again at once.
bool Session::read_some() {
  std::string_view input;
  const IoResult result = read_behind_partial(input);
  if (result.status == IoStatus::would_block) return false;
  if (result.status != IoStatus::ok) {
    input_ended_ = true;
    if (result.status == IoStatus::error) {
      if (result.error == nsq::Errc::bad_frame) {
        context_.log.error("[{}] - the TLS or compressed stream is broken", remote_address_);
      }
      close();
    }
    return false;
  }
  consume(input);
  return !closed_ && !protocol_.ended() && !protocol_.waiting() && !protocol_.layers().any();
}

/// Reads and sets `input` to all that is unconsumed, what came earlier first.
IoResult Session::read_behind_partial(std::string_view& input) {
  const auto scratch = std::span(context_.io.scratch().read);
  const std::size_t before = partial_.size();
  if (std::max(protocol_.needed(), before) > scratch.size() / 2) {
    // A large body is read to where it stays until it is complete.
    partial_.resize(std::max(protocol_.needed(), before + scratch.size()));
    const IoResult result = stream_->read_some(std::span(partial_).subspan(before));
    partial_.resize(before + result.bytes);
    input = partial_;
    return result;
  }
  std::memcpy(scratch.data(), partial_.data(), before);
  const IoResult result = stream_->read_some(scratch.subspan(before));
  input = {scratch.data(), before + result.bytes};
  return result;
}

void Session::consume(std::string_view input) {
  const nsq::Now now = nsq::read_clock();
  const bool was_client = protocol_.is_client();
  consuming_since_ = now.mono;
  const std::size_t consumed = protocol_.consume(input, now);
  keep_rest(input, consumed);
  if (consumed > 0) last_command_ = now.mono;
  if (protocol_.is_client() &&
      (!was_client || interval_ != protocol_.settings().heartbeat_interval)) {
    begin_heartbeats(now);
  }
  schedule();
}

/// Keeps what `consumed` bytes of `input` left, be it in partial_ already or in the scratch.
void Session::keep_rest(std::string_view input, std::size_t consumed) {
  if (input.data() == partial_.data()) {
    partial_.erase(0, consumed);
  } else {
    partial_.assign(input.substr(consumed));
  }
  if (partial_.empty()) std::string().swap(partial_);  // an idle connection owns no buffer
}

void Session::wake() noexcept {
  context_.io.schedule_from_anywhere(shared_from_this());
}

void Session::await_commit(Ticket ticket) {
  context_.io.commits().when_committed(ticket, [self = shared_from_this(), ticket,
                                                began = consuming_since_](
                                                   const nsq::Result<void>& result) {
    if (result) {
      const auto published = self->protocol_.replies().committed(ticket);
      self->context_.io.metrics().publish_latency.record(nsq::read_clock().mono - began, published);
    } else {
      self->protocol_.replies().failed(ticket, result.error().text());
    }
    self->schedule();
  });
}

void Session::ask_authority(Credentials client) {
  // Not from here: the task would begin at once, before what is unconsumed has been put aside.
  boost::asio::post(
      context_.io.context(), [self = shared_from_this(), client = std::move(client)]() mutable {
        self->context_.io.tasks().spawn("AUTH", self->authenticate(std::move(client)));
      });
}

awaitable<void> Session::authenticate(Credentials client) {
  const auto self = shared_from_this();
  auto answer = co_await context_.authority->ask(std::move(client));
  protocol_.authenticated(std::move(answer));
  if (closed_) co_return;
  consume(partial_);  // the command that had to wait, and what came behind it
}

void Session::end_turn() {
  if (closed_) return;
  if (blocked_) {
    protocol_.decline();
  } else {
    send();
  }
  notify_progress();
}

void Session::send() {
  Scratch& scratch = context_.io.scratch();
  scratch.runs.clear();
  const PullResult pulled = protocol_.pull(nsq::read_clock(), kPullLimits, scratch.runs);
  if (pulled.evicted) {
    close();
    return;
  }
  auto frames = std::exchange(protocol_.replies().ready(), {});
  if (!frames.empty() || !scratch.runs.empty()) {
    after_write(outbox_.send(*stream_, std::move(frames), scratch.runs, scratch));
    scratch.runs.clear();
  }
  if (!pulled.more || closed_) return;
  if (blocked_) {
    protocol_.decline();
  } else {
    schedule();
  }
}

void Session::after_write(const IoResult& result) {
  if (result.status == IoStatus::error) {
    close();
  } else if (result.status == IoStatus::would_block) {
    blocked_ = true;
    blocked_since_ = nsq::read_clock().mono;
    arm();
    wait_until_writable();
  }
}

void Session::wait_until_writable() {
  stream_->async_wait_writable([self = shared_from_this()](boost::system::error_code error) {
    if (error || self->closed_) return;
    const IoResult result = self->outbox_.resume(*self->stream_, self->context_.io.scratch());
    if (result.status == IoStatus::would_block) {
      if (result.bytes > 0) self->blocked_since_ = nsq::read_clock().mono;
      self->wait_until_writable();
      return;
    }
    self->blocked_ = false;
    if (result.status == IoStatus::error) {
      self->close();
    } else {
      self->schedule();
    }
  });
}

awaitable<void> Session::wind_down() {
  if (closed_) co_return;
  protocol_.cut_off();
  protocol_.leave();  // from now on its messages are others'
  close_at_ = nsq::read_clock().mono + kLinger;
  arm();
  // All replies go out first, those that wait for their commit included.
  co_await all_out();
  if (closed_ || input_ended_) co_return;
  // The client may still be sending: closing now could reset the connection before it has read the
  // error that ended it.
  stream_->shutdown_send();
  auto& scratch = context_.io.scratch().read;
  for (;;) {
    const auto error = co_await stream_->wait_readable();
    if (error) co_return;
    const IoResult result = stream_->read_some(scratch);
    if (result.status == IoStatus::eof || result.status == IoStatus::error) co_return;
  }
}

/// Waits until everything that is owed is on its way.
awaitable<void> Session::all_out() {
  schedule();
  while (!closed_ && !all_sent()) co_await progress();
}

/// After an IDENTIFY that was granted layers: its answer goes out as it is, then each layer is put
/// on and answered by an OK that goes over it. What the client sent for a layer already is in
/// partial_. Source: spec/nsqd.md 2.4.
awaitable<void> Session::put_layers_on() {
  layering_ = true;
  co_await all_out();
  if (!closed_ && protocol_.layers().tls) {
    co_await start_tls();
    co_await all_out();
  }
  const Layers layers = protocol_.layers();
  if (!closed_ && (layers.snappy || layers.deflate_level > 0)) {
    auto received = std::exchange(partial_, {});
    stream_ = layers.snappy ? nsq::net::make_snappy_stream(std::move(stream_), std::move(received))
                            : nsq::net::make_deflate_stream(std::move(stream_), std::move(received),
                                                            layers.deflate_level);
    protocol_.compression_started();
    co_await all_out();
  }
  layering_ = false;
}

awaitable<void> Session::start_tls() {
  auto made = nsq::net::TlsStream::make(std::move(stream_), context_.tls->current(),
                                        std::exchange(partial_, {}));
  nsq::net::TlsStream& tls = *made;
  stream_ = std::move(made);
  const auto done = co_await tls.handshake(nsq::net::kTlsHandshakeLimit);
  if (closed_) co_return;
  if (done) {
    last_command_ = nsq::read_clock().mono;
    protocol_.tls_started(*tls.tls_peer());
  } else {
    stream_ = tls.release();  // ends tls: the error goes out in plain text
    const bool silent = done.error().code == nsq::Errc::timed_out;
    protocol_.tls_refused(silent ? read_timeout(*stream_, remote_address_) : done.error().text());
  }
}

/// Waits until a turn of this session ended, or the stream is closed, or the task is cancelled.
awaitable<void> Session::progress() {
  const auto initiate = [this](auto handler) {
    auto cancelled = boost::asio::get_associated_cancellation_slot(handler);
    if (cancelled.is_connected()) {
      cancelled.assign([this](boost::asio::cancellation_type) {
        boost::asio::post(stream_->executor(),
                          [self = shared_from_this()] { self->notify_progress(); });
      });
    }
    on_progress_ = std::move(handler);
  };
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
      initiate, boost::asio::use_awaitable);
}

bool Session::all_sent() noexcept {
  return protocol_.replies().empty() && outbox_.empty() && !blocked_;
}

void Session::notify_progress() {
  if (on_progress_) std::exchange(on_progress_, {})();
}

void Session::begin_heartbeats(nsq::Now now) {
  interval_ = protocol_.settings().heartbeat_interval;
  next_heartbeat_ = now.mono + interval_;
  arm();
}

void Session::arm() {
  auto next = nsq::MonoTime::max();
  if (close_at_) {
    next = *close_at_;
  } else if (interval_ > nsq::Nanoseconds::zero()) {
    next = std::min(next_heartbeat_, last_command_ + 2 * interval_);
    if (blocked_) next = std::min(next, blocked_since_ + interval_);
  }
  if (next != nsq::MonoTime::max()) context_.io.deadlines().arm(shared_from_this(), next);
}

void Session::expire(nsq::Now now) {
  if (closed_) return;
  if (protocol_.waiting()) last_command_ = now.mono;  // it is not the client that is silent
  if (close_at_) {
    if (now.mono >= *close_at_) close();
  } else if (interval_ > nsq::Nanoseconds::zero()) {
    if (blocked_ && now.mono >= blocked_since_ + interval_) {
      close();
    } else if (layering_) {
      // The client waits for an OK and for nothing else, and the handshake has a limit of its own.
      next_heartbeat_ = now.mono + interval_;
      last_command_ = now.mono;
    } else if (now.mono >= last_command_ + 2 * interval_) {
      context_.log.info("[{}] idle for two heartbeat intervals, closing", remote_address_);
      protocol_.cut_off();
      stream_->cancel();  // ends the read loop, which winds down
    } else if (now.mono >= next_heartbeat_) {
      protocol_.add_heartbeat();
      next_heartbeat_ += interval_;
      schedule();
    }
  }
  if (!closed_) arm();
}

void Session::close() noexcept {
  if (std::exchange(closed_, true)) return;
  stream_->close();
  notify_progress();
}

void Session::leave() noexcept {
  close();
  context_.io.deadlines().disarm(shared_from_this());
  protocol_.leave();
  context_.log.info("PROTOCOL(V2): [{}] exiting", remote_address_);
}

}  // namespace nsqd
