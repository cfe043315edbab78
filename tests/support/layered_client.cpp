#include "tests/support/layered_client.hpp"

#include <stdexcept>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/base/bytes.hpp"
#include "common/net/connect.hpp"
#include "common/net/deflate_stream.hpp"
#include "common/net/snappy_stream.hpp"
#include "common/net/tls_stream.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run.hpp"

namespace nsq::test {

namespace asio = boost::asio;
using net::IoResult;
using net::IoStatus;

namespace {

/// Waits for `work`, but not for ever.
asio::awaitable<void> in_time(asio::awaitable<boost::system::error_code> work) {
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer(co_await asio::this_coro::executor, kDeadline);
  const auto first = co_await (std::move(work) || timer.async_wait(asio::use_awaitable));
  if (first.index() == 1) throw std::runtime_error("LayeredClient: the deadline passed");
}

asio::awaitable<std::unique_ptr<net::ByteStream>> connect(std::uint16_t port) {
  auto socket = co_await net::connect_stream(net::tcp_address("127.0.0.1", port), kDeadline);
  if (!socket) throw std::runtime_error(socket.error().text());
  co_return net::make_plain_stream(std::move(*socket));
}

}  // namespace

LayeredClient::LayeredClient(std::uint16_t port, RawClient::Magic magic) {
  stream_ = run(*context_, connect(port));
  if (magic == RawClient::Magic::send) send("  V2");
}

void LayeredClient::send(std::string_view bytes) {
  for (;;) {
    IoResult done;
    if (bytes.empty()) {
      done = stream_->flush();
      if (done.status == IoStatus::ok) return;
    } else {
      const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
      done = stream_->write_some({&part, 1});
      bytes.remove_prefix(done.bytes);
    }
    if (done.status == IoStatus::error) return;  // what the server said before is still to be read
    if (done.status == IoStatus::would_block) run(*context_, in_time(stream_->wait_writable()));
  }
}

/// @return false when the server has ended the connection.
bool LayeredClient::fill() {
  std::string chunk(chunk_bytes_, '\0');
  for (;;) {
    const IoResult got = stream_->read_some(chunk);
    if (got.status == IoStatus::eof || got.status == IoStatus::error) return false;
    buffer_.append(chunk.data(), got.bytes);
    if (got.status == IoStatus::ok) return true;
    run(*context_, in_time(stream_->wait_readable()));
  }
}

Frame LayeredClient::read() {
  constexpr std::size_t kHead = 8;
  for (;;) {
    if (buffer_.size() >= kHead) {
      const std::size_t bytes = 4 + load_be32(buffer_.data());
      if (buffer_.size() >= bytes) {
        Frame frame{load_be32(buffer_.data() + 4), buffer_.substr(kHead, bytes - kHead)};
        buffer_.erase(0, bytes);
        return frame;
      }
    }
    if (!fill()) throw std::runtime_error("LayeredClient: the server ended the connection");
  }
}

Frame LayeredClient::negotiate(std::string_view members) {
  return ask(identify(R"({"feature_negotiation":true,)" + std::string(members) + "}"));
}

std::string LayeredClient::start_tls(const net::TlsClientConfig& config, const std::string& name) {
  auto context = net::TlsContext::client(config);
  if (!context) throw std::runtime_error(context.error().text());
  auto tls = net::TlsStream::make(std::move(stream_), std::move(*context),
                                  std::exchange(buffer_, {}), name);
  const auto done = run(*context_, tls->handshake(kDeadline));
  stream_ = std::move(tls);
  return done ? std::string() : done.error().text();
}

void LayeredClient::start_snappy() {
  stream_ = net::make_snappy_stream(std::move(stream_), std::exchange(buffer_, {}));
}

void LayeredClient::start_deflate(int level) {
  stream_ = net::make_deflate_stream(std::move(stream_), std::exchange(buffer_, {}), level);
}

bool LayeredClient::ended() {
  read_to_end();
  return true;
}

std::string LayeredClient::read_to_end() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

}  // namespace nsq::test
