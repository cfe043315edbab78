#include "nsqd/lookup/connection.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "common/base/log.hpp"
#include "common/net/address.hpp"
#include "common/net/connect.hpp"
#include "common/net/tls_stream.hpp"

namespace nsqd {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using asio::awaitable;
using nsq::Errc;
using nsq::Result;
using nsq::net::IoResult;
using nsq::net::IoStatus;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

std::unexpected<nsq::Error> timed_out() {
  return nsq::fail(Errc::timed_out, "i/o timeout");
}

std::unexpected<nsq::Error> lost(boost::system::error_code code) {
  return nsq::fail(code, code.message());
}

}  // namespace

LookupdConnection::LookupdConnection(std::unique_ptr<nsq::net::ByteStream> stream,
                                     std::size_t max_reply_bytes, nsq::Nanoseconds timeout)
    : stream_(std::move(stream)), timeout_(timeout), replies_(max_reply_bytes) {}

awaitable<Result<std::unique_ptr<LookupdConnection>>> LookupdConnection::connect(
    std::string address, std::size_t max_reply_bytes, nsq::Nanoseconds timeout,
    std::optional<nsq::net::TlsClientConfig> tls) {
  auto parsed = nsq::net::parse_address(address);
  if (!parsed) co_return std::unexpected(parsed.error());
  if (parsed->is_unix()) {
    co_return nsq::fail(
        Errc::bad_address,
        fmt::format("dial tcp: address {}: missing port in address", nsq::printable(address)));
  }
  const std::string host = parsed->host;
  auto socket = co_await nsq::net::connect_stream(std::move(*parsed), timeout);
  if (!socket) co_return std::unexpected(socket.error());
  auto stream = nsq::net::make_plain_stream(std::move(*socket));
  if (tls) {
    auto context = nsq::net::TlsContext::client(*tls);
    if (!context) co_return std::unexpected(context.error());
    auto secured = nsq::net::TlsStream::make(std::move(stream), std::move(*context), {}, host);
    const auto done = co_await secured->handshake(timeout);
    if (!done) co_return std::unexpected(done.error());
    stream = std::move(secured);
  }
  co_return std::make_unique<LookupdConnection>(std::move(stream), max_reply_bytes, timeout);
}

awaitable<Result<void>> LookupdConnection::send(std::string bytes) {
  asio::steady_timer deadline(stream_->executor(), timeout_);
  std::size_t written = 0;
  for (;;) {
    IoResult done;
    if (written < bytes.size()) {
      const iovec part{bytes.data() + written, bytes.size() - written};
      done = stream_->write_some({&part, 1});
      written += done.bytes;
    } else {
      done = stream_->flush();
      if (done.status == IoStatus::ok) co_return Result<void>();
    }
    if (done.status == IoStatus::error) co_return lost(done.error);
    if (done.status != IoStatus::would_block) continue;
    const auto first = co_await (stream_->wait_writable() || deadline.async_wait(kNoThrow));
    if (first.index() == 1) co_return timed_out();
  }
}

Result<bool> LookupdConnection::read() {
  const IoResult got = stream_->read_some(scratch_);
  switch (got.status) {
    case IoStatus::ok:
      replies_.add({scratch_.data(), got.bytes});
      return true;
    case IoStatus::would_block:
      return false;
    case IoStatus::eof:
      return nsq::fail(Errc::closed, "EOF");
    case IoStatus::error:
      break;
  }
  return lost(got.error);
}

awaitable<Result<std::string>> LookupdConnection::receive() {
  asio::steady_timer deadline(stream_->executor(), timeout_);
  for (;;) {
    auto reply = replies_.next();
    if (!reply) co_return std::unexpected(reply.error());
    if (*reply) co_return std::move(**reply);
    const auto got = read();
    if (!got) co_return std::unexpected(got.error());
    // Bytes that trickle must not put the deadline off.
    if (deadline.expiry() <= asio::steady_timer::clock_type::now()) co_return timed_out();
    if (*got) continue;
    const auto first = co_await (stream_->wait_readable() || deadline.async_wait(kNoThrow));
    if (first.index() == 1) co_return timed_out();
  }
}

awaitable<Result<void>> LookupdConnection::idle(asio::steady_timer& timer) {
  const auto unasked = [] { return nsq::fail(Errc::bad_frame, "unexpected data"); };
  if (!replies_.empty()) co_return unasked();
  for (;;) {
    const auto first = co_await (stream_->wait_readable() || timer.async_wait(kNoThrow));
    if (first.index() == 1) co_return Result<void>();
    const auto got = read();
    if (!got) co_return std::unexpected(got.error());
    if (*got) co_return unasked();
  }
}

}  // namespace nsqd
