#include "clients/tools/nsq_bench/socket.hpp"

#include <arpa/inet.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string>

#include <boost/asio/post.hpp>
#include <fmt/core.h>

namespace nsq::bench {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::uint64_t kConnectionsPerAddress = 20'000;
constexpr int kLimitSeconds = 10;

struct AddressDeleter {
  void operator()(addrinfo* info) const { freeaddrinfo(info); }
};

Result<std::unique_ptr<addrinfo, AddressDeleter>> resolve(std::string_view address) {
  const auto colon = address.rfind(':');
  if (colon == std::string_view::npos) {
    return fail(Errc::bad_address, fmt::format("{}: not host:port", address));
  }
  std::string host(address.substr(0, colon));
  const std::string port(address.substr(colon + 1));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status =
      getaddrinfo(host.empty() ? "127.0.0.1" : host.c_str(), port.c_str(), &hints, &found);
  if (status != 0) {
    return fail(Errc::bad_address, fmt::format("{}: {}", address, gai_strerror(status)));
  }
  return std::unique_ptr<addrinfo, AddressDeleter>(found);
}

// A further loopback address to come from, once the first one's ports run out.
void spread_source(int fd, const addrinfo& to, std::uint64_t number) {
  const std::uint64_t index = number / kConnectionsPerAddress;
  if (to.ai_family != AF_INET || index == 0) return;
  const auto* address = reinterpret_cast<const sockaddr_in*>(to.ai_addr);
  if ((ntohl(address->sin_addr.s_addr) >> 24) != 127) return;
  const int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<std::uint32_t>(index));
  // A failure leaves the kernel's choice, and connect() says what is wrong.
  (void)bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from);
}

net::IoResult failed_io() {
  if (errno == EAGAIN || errno == EINTR) return {.status = net::IoStatus::would_block};
  return {.status = net::IoStatus::error, .error = {errno, boost::system::system_category()}};
}

class FdStream final : public net::ByteStream {
 public:
  FdStream(Fd socket, asio::any_io_executor executor)
      : socket_(std::move(socket)), executor_(std::move(executor)) {}

  net::IoResult read_some(std::span<char> into) override {
    const ssize_t n = recv(socket_.get(), into.data(), into.size(), MSG_DONTWAIT);
    if (n < 0) return failed_io();
    if (n == 0) return {.status = net::IoStatus::eof};
    return {.bytes = static_cast<std::size_t>(n)};
  }

  net::IoResult write_some(std::span<const iovec> parts) override {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());  // sendmsg only reads it
    message.msg_iovlen = std::min<std::size_t>(parts.size(), IOV_MAX);
    const ssize_t n = sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) return failed_io();
    return {.bytes = static_cast<std::size_t>(n)};
  }

  asio::awaitable<error_code> wait_readable() override { co_return wait(POLLIN); }
  asio::awaitable<error_code> wait_writable() override { co_return wait(POLLOUT); }
  void async_wait_writable(WaitHandler handler) override {
    asio::post(executor_,
               [handler = std::move(handler), code = wait(POLLOUT)]() mutable { handler(code); });
  }
  void cancel() noexcept override {}  // nobody else runs while a wait blocks
  void shutdown_send() noexcept override { (void)shutdown(socket_.get(), SHUT_WR); }
  void close() noexcept override { socket_ = Fd(); }
  int native_handle() noexcept override { return socket_.get(); }
  asio::any_io_executor executor() override { return executor_; }

 private:
  error_code wait(short events) const {
    pollfd wanted{.fd = socket_.get(), .events = events, .revents = 0};
    const int ready = poll(&wanted, 1, kLimitSeconds * 1000);
    if (ready < 0 && errno != EINTR) return {errno, boost::system::system_category()};
    return ready == 0 ? make_error_code(Errc::timed_out) : error_code();
  }

  Fd socket_;
  asio::any_io_executor executor_;
};

}  // namespace

Fd::~Fd() {
  if (fd_ >= 0) close(fd_);
}

std::unexpected<Error> fail_errno(std::string_view what) {
  const boost::system::error_code code(errno, boost::system::system_category());
  return fail(code, fmt::format("{}: {}", what, code.message()));
}

Result<Fd> connect_tcp(std::string_view address, std::uint64_t number) {
  auto resolved = resolve(address);
  if (!resolved) return std::unexpected(resolved.error());
  const addrinfo& to = **resolved;
  Fd fd(socket(to.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return fail_errno("socket");
  spread_source(fd.get(), to, number);
  const timeval limit{.tv_sec = kLimitSeconds, .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (connect(fd.get(), to.ai_addr, to.ai_addrlen) < 0) {
    return fail_errno(fmt::format("connect to {}", address));
  }
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

std::unique_ptr<net::ByteStream> make_fd_stream(Fd socket, asio::any_io_executor executor) {
  return std::make_unique<FdStream>(std::move(socket), std::move(executor));
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);  // too few files show as a failing socket()
}

}  // namespace nsq::bench
