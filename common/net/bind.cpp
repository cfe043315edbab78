#include "common/net/bind.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/net/socket_text.hpp"

namespace nsq::net {
namespace {

constexpr int kKeepAliveSeconds = 15;

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

/// Closes the descriptor unless it is released.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

std::unexpected<Error> listen_error(const Address& address, std::string_view call, int code) {
  return fail({code, boost::system::system_category()},
              fmt::format("listen {} {}: {}: {}", address.is_unix() ? "unix" : "tcp",
                          to_string(address), call, errno_text(code)));
}

void set_option(int fd, int level, int name, int value) {
  // None of these can fail on a socket of the right family; a kernel without one works without.
  ::setsockopt(fd, level, name, &value, sizeof value);
}

void set_tcp_options(int fd, const SocketAddress& to, bool both_families) {
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (to.bytes.ss_family == AF_INET6) {
    set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, both_families ? 0 : 1);
  }
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveSeconds);
}

Result<BoundSocket> listen_on(const Address& address, const SocketAddress& to, bool both_families) {
  const int family = to.bytes.ss_family;
  Descriptor socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return listen_error(address, "socket", errno);
  if (family != AF_UNIX) set_tcp_options(socket.get(), to, both_families);
  if (::bind(socket.get(), to.get(), to.size) != 0) return listen_error(address, "bind", errno);
  if (::listen(socket.get(), SOMAXCONN) != 0) {
    const int code = errno;
    if (family == AF_UNIX) ::unlink(address.path.c_str());
    return listen_error(address, "listen", code);
  }
  if (family == AF_UNIX) return BoundSocket{socket.release(), address};
  SocketAddress local;
  local.size = sizeof local.bytes;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&local.bytes), &local.size) != 0) {
    return listen_error(address, "getsockname", errno);
  }
  return BoundSocket{socket.release(), from_sockaddr(local.bytes)};
}

Result<BoundSocket> listen_unix(const Address& address) {
  SocketAddress to;
  sockaddr_un local{};
  if (address.path.empty() || address.path.size() >= sizeof local.sun_path) {
    return listen_error(address, "bind", EINVAL);
  }
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, address.path.data(), address.path.size());
  std::memcpy(&to.bytes, &local, sizeof local);
  to.size = sizeof local;
  return listen_on(address, to, false);
}

/// All interfaces: one IPv6 socket that takes IPv4 too, or IPv4 alone where there is no IPv6.
Result<BoundSocket> listen_everywhere(const Address& address) {
  SocketAddress to;
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(address.port);
  std::memcpy(&to.bytes, &v6, sizeof v6);
  to.size = sizeof v6;
  auto bound = listen_on(address, to, true);
  if (bound || bound.error().code == boost::system::errc::address_in_use) return bound;
  to = {};
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(address.port);
  std::memcpy(&to.bytes, &v4, sizeof v4);
  to.size = sizeof v4;
  return listen_on(address, to, false);
}

/// A host's addresses, IPv4 first, as upstream picks them.
Result<std::vector<SocketAddress>> resolve(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const std::string port = std::to_string(address.port);
  if (const int code = ::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &list);
      code != 0) {
    const bool unknown = code == EAI_NONAME;
    return fail(make_error_code(Errc::bad_address),
                fmt::format("listen tcp: lookup {}: {}", address.host,
                            unknown ? "no such host" : ::gai_strerror(code)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  std::vector<SocketAddress> found;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const addrinfo* entry = list; entry; entry = entry->ai_next) {
      if (entry->ai_family != family) continue;
      SocketAddress to;
      std::memcpy(&to.bytes, entry->ai_addr, entry->ai_addrlen);
      to.size = entry->ai_addrlen;
      found.push_back(to);
    }
  }
  return found;
}

}  // namespace

Result<BoundSocket> bind_socket(const Address& address) {
  if (address.is_unix()) return listen_unix(address);
  if (address.host.empty()) return listen_everywhere(address);
  auto found = resolve(address);
  if (!found) return std::unexpected(found.error());
  if (found->empty()) return listen_error(address, "bind", EADDRNOTAVAIL);
  const SocketAddress& to = found->front();
  Address numeric = from_sockaddr(to.bytes);
  // [::] is spelled as both families by upstream's resolver, any other literal is what it says.
  return listen_on(numeric, to, numeric.host == "::");
}

}  // namespace nsq::net
