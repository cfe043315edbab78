#include <limits.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/net/byte_stream.hpp"

namespace nsq::net {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

IoResult failed_io() {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {.status = IoStatus::would_block};
  return {.status = IoStatus::error, .error = {errno, boost::system::system_category()}};
}

class PlainStream final : public ByteStream {
 public:
  explicit PlainStream(StreamSocket socket) : socket_(std::move(socket)) {}

  IoResult read_some(std::span<char> into) override {
    ssize_t n = 0;
    do {
      n = ::recv(native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return failed_io();
    if (n == 0) return {.status = IoStatus::eof};
    return {.bytes = static_cast<std::size_t>(n)};
  }

  IoResult write_some(std::span<const iovec> parts) override {
    if (parts.empty()) return {};
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());  // sendmsg only reads it
    message.msg_iovlen = std::min<std::size_t>(parts.size(), IOV_MAX);
    ssize_t n = 0;
    do {
      n = ::sendmsg(native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return failed_io();
    return {.bytes = static_cast<std::size_t>(n)};
  }

  asio::awaitable<error_code> wait_readable() override {
    auto [ec] = co_await socket_.async_wait(StreamSocket::wait_read, kNoThrow);
    co_return ec;
  }

  asio::awaitable<error_code> wait_writable() override {
    auto [ec] = co_await socket_.async_wait(StreamSocket::wait_write, kNoThrow);
    co_return ec;
  }

  void async_wait_writable(WaitHandler handler) override {
    socket_.async_wait(StreamSocket::wait_write, std::move(handler));
  }

  void cancel() noexcept override {
    error_code ignored;  // a closed socket has no waits
    socket_.cancel(ignored);
  }

  void shutdown_send() noexcept override {
    error_code ignored;  // the peer may be gone already, which is as good
    socket_.shutdown(StreamSocket::shutdown_send, ignored);
  }

  void close() noexcept override {
    error_code ignored;  // the descriptor is released in any case
    socket_.close(ignored);
  }

  int native_handle() noexcept override { return socket_.is_open() ? socket_.native_handle() : -1; }

  asio::any_io_executor executor() override { return socket_.get_executor(); }

 private:
  StreamSocket socket_;
};

}  // namespace

std::unique_ptr<ByteStream> make_plain_stream(StreamSocket socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

}  // namespace nsq::net
