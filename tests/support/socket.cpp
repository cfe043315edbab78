#include "tests/support/socket.hpp"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "tests/support/eventually.hpp"

namespace nsq::test {
namespace {

[[noreturn]] void fail_with_errno(const char* what) {
  throw std::runtime_error(std::string(what) + ": " + strerror(errno));
}

template <class Address>
int connected(int family, const Address& address) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail_with_errno("socket");
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int saved = errno;
    ::close(fd);
    errno = saved;
    fail_with_errno("connect");
  }
  return fd;
}

}  // namespace

Socket Socket::tcp(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  Socket socket(connected(AF_INET, address));
  const int on = 1;
  ::setsockopt(socket.fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

Socket Socket::unix_path(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path.string();
  if (name.size() >= sizeof address.sun_path) throw std::runtime_error("path too long: " + name);
  name.copy(address.sun_path, name.size());
  return Socket(connected(AF_UNIX, address));
}

Socket::Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

Socket::~Socket() {
  close();
}

void Socket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!wait(POLLOUT, kDeadline)) throw std::runtime_error("deadline passed while sending");
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return;
    } else if (errno != EINTR && errno != EAGAIN) {
      fail_with_errno("send");
    }
  }
}

std::string Socket::receive() {
  std::array<char, 65536> buffer;
  for (;;) {
    if (!wait(POLLIN, kDeadline)) throw std::runtime_error("deadline passed while receiving");
    const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n >= 0) return {buffer.data(), static_cast<std::size_t>(n)};
    if (errno == ECONNRESET) return {};
    if (errno != EINTR && errno != EAGAIN) fail_with_errno("recv");
  }
}

bool Socket::readable(std::chrono::milliseconds patience) {
  return wait(POLLIN, patience);
}

void Socket::shutdown_write() {
  ::shutdown(fd_, SHUT_WR);
}

void Socket::close() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool Socket::wait(short events, std::chrono::milliseconds patience) const {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd poll_fd{.fd = fd_, .events = events, .revents = 0};
    const int ready = ::poll(&poll_fd, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) fail_with_errno("poll");
  }
}

Acceptor::Acceptor() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (socket_.fd_ < 0 || ::bind(socket_.fd_, plain, size) != 0 ||
      ::listen(socket_.fd_, SOMAXCONN) != 0 || ::getsockname(socket_.fd_, plain, &size) != 0) {
    fail_with_errno("listen");
  }
  port_ = ntohs(address.sin_port);
}

Socket Acceptor::accept() {
  if (!socket_.wait(POLLIN, kDeadline)) throw std::runtime_error("nobody connected");
  const int fd = ::accept4(socket_.fd_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) fail_with_errno("accept");
  return Socket(fd);
}

}  // namespace nsq::test
