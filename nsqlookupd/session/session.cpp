#include "nsqlookupd/session/session.hpp"

#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace nsqlookupd {

namespace asio = boost::asio;
using asio::awaitable;
using nsq::net::IoResult;
using nsq::net::IoStatus;
using namespace asio::experimental::awaitable_operators;

namespace {

/// How long a connection that ends by an error may take to hang up, so that the peer sees the error
/// rather than a reset.
constexpr nsq::Nanoseconds kLinger = nsq::Milliseconds(500);

}  // namespace

Session::Session(SessionContext& context, std::span<char> scratch,
                 std::unique_ptr<nsq::net::ByteStream> stream, std::string remote)
    : context_(context),
      scratch_(scratch),
      stream_(std::move(stream)),
      remote_(std::move(remote)),
      protocol_(context, remote_) {}

awaitable<void> Session::run(nsq::Nanoseconds magic_timeout) {
  asio::steady_timer timer(stream_->executor(), magic_timeout);
  const auto first = co_await (read_magic() || timer.async_wait(asio::use_awaitable));
  if (first.index() == 1) {
    context_.log.error("failed to read protocol version - i/o timeout");
    co_return;
  }
  co_await serve();
  if (protocol_.has_magic()) log_end();
  protocol_.leave();
  co_await flush();
  if (!closed_ && !input_ended_) co_await linger();
}

awaitable<void> Session::read_magic() {
  while (!closed_ && !protocol_.ended() && !protocol_.has_magic()) co_await read_more();
}

awaitable<void> Session::serve() {
  for (;;) {
    // An error's reply is sent when the peer has left the registry.
    if (closed_ || protocol_.ended()) co_return;
    co_await flush();
    if (!closed_) co_await read_more();
  }
}

awaitable<void> Session::read_more() {
  const auto ended = co_await stream_->wait_readable();
  if (ended) {
    closed_ = true;
    lost_ = ended.message();
    co_return;
  }
  const IoResult got = stream_->read_some(scratch_);
  switch (got.status) {
    case IoStatus::ok:
      consume({scratch_.data(), got.bytes});
      break;
    case IoStatus::would_block:
      break;
    case IoStatus::eof:
      input_ended_ = true;
      protocol_.end_of_input(partial_);
      break;
    case IoStatus::error:
      closed_ = true;
      lost_ = got.error.message();
      break;
  }
}

/// What came, behind what was not complete yet.
void Session::consume(std::string_view fresh) {
  const nsq::Now now = nsq::read_clock();
  if (partial_.empty()) {
    const std::size_t taken = protocol_.consume(fresh, now);
    partial_.assign(fresh.substr(taken));
    return;
  }
  partial_ += fresh;
  partial_.erase(0, protocol_.consume(partial_, now));
  if (partial_.empty()) std::string().swap(partial_);
}

/// Waits until the replies are sent, or cannot be.
awaitable<void> Session::flush() {
  std::string replies = std::exchange(protocol_.replies(), {});
  std::size_t written = 0;
  while (!closed_) {
    const bool all = written == replies.size();
    const iovec part{replies.data() + written, replies.size() - written};
    const IoResult done = all ? stream_->flush() : stream_->write_some({&part, 1});
    if (done.status == IoStatus::ok) {
      if (all) break;
      written += done.bytes;
    } else if (done.status == IoStatus::would_block) {
      const auto ended = co_await stream_->wait_writable();
      if (ended) closed_ = true;
    } else {
      closed_ = true;
      lost_ = done.error.message();
    }
  }
}

awaitable<void> Session::linger() {
  stream_->shutdown_send();
  asio::steady_timer timer(stream_->executor(), kLinger);
  co_await (discard_input() || timer.async_wait(asio::use_awaitable));
}

awaitable<void> Session::discard_input() {
  for (;;) {
    const auto ended = co_await stream_->wait_readable();
    if (ended) co_return;
    const IoStatus status = stream_->read_some(scratch_).status;
    if (status == IoStatus::eof || status == IoStatus::error) co_return;
  }
}

void Session::log_end() const {
  context_.log.info("PROTOCOL(V1): [{}] exiting ioloop", remote_);
  if (!protocol_.failure().empty()) {
    context_.log.error("client({}) - {}", remote_, protocol_.failure());
  } else {
    context_.log.info("client({}) - {}", remote_, lost_.empty() ? "EOF" : lost_);
  }
}

}  // namespace nsqlookupd
