#include "clients/tools/nsq_bench/socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include <fmt/core.h>

#include "clients/tools/nsq_bench/frames.hpp"
#include "common/base/bytes.hpp"

namespace nsq::bench {
namespace {

constexpr std::uint64_t kConnectionsPerAddress = 20'000;
constexpr std::uint32_t kMaxHandshakeFrame = 64 * 1024;

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

Result<void> receive_exactly(const Fd& socket, char* to, std::size_t size) {
  while (size > 0) {
    const ssize_t n = recv(socket.get(), to, size, 0);
    if (n == 0) return fail(Errc::closed, "the server closed the connection");
    if (n < 0) {
      if (errno == EINTR) continue;
      return fail_errno("receive");
    }
    to += n;
    size -= static_cast<std::size_t>(n);
  }
  return {};
}

std::string identify_command(const Options& options) {
  std::string json =
      R"({"client_id":"nsq_bench","hostname":"nsq_bench","user_agent":"nsq_bench/)" NSQ_VERSION
      R"(")";
  if (options.output_buffer_size != 0) {
    json += fmt::format(R"(,"output_buffer_size":{})", options.output_buffer_size);
  }
  if (options.output_buffer_timeout_ms != 0) {
    json += fmt::format(R"(,"output_buffer_timeout":{})", options.output_buffer_timeout_ms);
  }
  json += '}';
  char size[4];
  store_be32(size, static_cast<std::uint32_t>(json.size()));
  return "IDENTIFY\n" + std::string(size, sizeof size) + json;
}

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
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (connect(fd.get(), to.ai_addr, to.ai_addrlen) < 0) {
    return fail_errno(fmt::format("connect to {}", address));
  }
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

Result<void> make_non_blocking(const Fd& socket) {
  const int flags = fcntl(socket.get(), F_GETFL);
  if (flags < 0 || fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) < 0) return fail_errno("fcntl");
  return {};
}

Result<void> send_all(const Fd& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      return fail_errno("send");
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> expect_ok(const Fd& socket) {
  for (;;) {
    char header[kFrameHeaderBytes];
    if (auto ok = receive_exactly(socket, header, sizeof header); !ok) return ok;
    const std::uint32_t size = load_be32(header);
    if (size < 4 || size > kMaxHandshakeFrame) {
      return fail(Errc::bad_frame, "the server's answer is no frame");
    }
    std::string data(size - 4, '\0');
    if (auto ok = receive_exactly(socket, data.data(), data.size()); !ok) return ok;
    const std::uint32_t type = load_be32(header + 4);
    if (type == kResponseFrame && data == "_heartbeat_") continue;
    if (type == kResponseFrame && data == "OK") return {};
    return fail(Errc::rejected, fmt::format("the server answered: {}", data));
  }
}

Result<Fd> open_client(const Options& options, std::uint64_t number) {
  auto socket = connect_tcp(options.tcp_address, number);
  if (!socket) return socket;
  const std::string greeting = "  V2" + identify_command(options);
  if (auto sent = send_all(*socket, greeting); !sent) return std::unexpected(sent.error());
  if (auto ok = expect_ok(*socket); !ok) return std::unexpected(ok.error());
  return socket;
}

Result<Fd> open_subscription(const Options& options, std::string_view topic,
                             std::string_view channel, std::uint64_t number) {
  auto socket = open_client(options, number);
  if (!socket) return socket;
  const std::string command = fmt::format("SUB {} {}\n", topic, channel);
  if (auto sent = send_all(*socket, command); !sent) return std::unexpected(sent.error());
  if (auto ok = expect_ok(*socket); !ok) return std::unexpected(ok.error());
  return socket;
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);  // too few files show as a failing socket()
}

}  // namespace nsq::bench
