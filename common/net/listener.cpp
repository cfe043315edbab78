#include "common/net/listener.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/base/clock.hpp"
#include "common/net/bind.hpp"
#include "common/net/socket_text.hpp"

namespace nsq::net {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

/// Accepted in a row before other work of the thread gets its turn.
constexpr int kAcceptBatch = 64;
constexpr Milliseconds kFirstPause{5};
constexpr Milliseconds kLongestPause{1000};

/// accept(2) reports what happened to the connection that it takes off the queue: the next may do.
bool is_client_error(int code) {
  switch (code) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

bool is_shortage(int code) {
  return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM;
}

class ListenerImpl final : public Listener {
 public:
  ListenerImpl(asio::posix::stream_descriptor socket, Address local, std::string name,
               Logger logger)
      : socket_(std::move(socket)),
        local_(std::move(local)),
        name_(std::move(name)),
        logger_(std::move(logger)) {}

  ~ListenerImpl() override { close(); }

  const Address& local_address() const noexcept override { return local_; }

  asio::awaitable<Result<void>> accept_loop(OnAccept on_accept) override;

  void close() noexcept override {
    if (!socket_.is_open()) return;
    if (local_.is_unix()) ::unlink(local_.path.c_str());
    error_code ignored;  // the descriptor is released in any case
    socket_.close(ignored);
  }

  asio::any_io_executor executor() override { return socket_.get_executor(); }

 private:
  /// Takes what waits in the backlog. @return 0 when it is empty or the batch is full, else errno.
  int accept_batch(const OnAccept& on_accept);
  asio::awaitable<void> pause_for(int code);

  asio::posix::stream_descriptor socket_;
  Address local_;
  std::string name_;
  Logger logger_;
  Milliseconds pause_ = kFirstPause;
};

int ListenerImpl::accept_batch(const OnAccept& on_accept) {
  for (int i = 0; i < kAcceptBatch && socket_.is_open(); ++i) {
    sockaddr_storage peer{};
    socklen_t bytes = sizeof peer;
    const int descriptor = ::accept4(socket_.native_handle(), reinterpret_cast<sockaddr*>(&peer),
                                     &bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      pause_ = kFirstPause;
      std::string remote = local_.is_unix() ? "@" : to_string(from_sockaddr(peer));
      on_accept(AcceptedSocket(descriptor, local_.is_unix() ? AF_UNIX : peer.ss_family,
                               std::move(remote)));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return 0;
    } else if (!is_client_error(errno)) {
      return errno;
    }
  }
  return 0;
}

asio::awaitable<void> ListenerImpl::pause_for(int code) {
  logger_.warn("{}: temporary accept failure - {}", name_, errno_text(code));
  asio::steady_timer timer(socket_.get_executor(), pause_);
  pause_ = std::min(pause_ * 2, kLongestPause);
  co_await timer.async_wait(kNoThrow);
}

asio::awaitable<Result<void>> ListenerImpl::accept_loop(OnAccept on_accept) {
  logger_.info("{}: listening on {}", name_, to_string(local_));
  Result<void> outcome;
  while (socket_.is_open()) {
    auto [ec] = co_await socket_.async_wait(asio::posix::stream_descriptor::wait_read, kNoThrow);
    if (ec || !socket_.is_open()) break;
    const int failure = accept_batch(on_accept);
    if (failure == 0) continue;
    if (is_shortage(failure)) {
      co_await pause_for(failure);
      continue;
    }
    logger_.error("{}: accept failed - {}", name_, errno_text(failure));
    outcome = fail({failure, boost::system::system_category()},
                   name_ + ": accept failed - " + errno_text(failure));
    break;
  }
  logger_.info("{}: closing {}", name_, to_string(local_));
  co_return outcome;
}

}  // namespace

AcceptedSocket::AcceptedSocket(int descriptor, int family, std::string remote) noexcept
    : descriptor_(descriptor), family_(family), remote_(std::move(remote)) {}

AcceptedSocket::AcceptedSocket(AcceptedSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      family_(other.family_),
      remote_(std::move(other.remote_)) {}

AcceptedSocket::~AcceptedSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<StreamSocket> AcceptedSocket::attach(const asio::any_io_executor& executor) {
  StreamSocket socket(executor);
  const asio::generic::stream_protocol protocol(family_, family_ == AF_UNIX ? 0 : IPPROTO_TCP);
  error_code ec;
  socket.assign(protocol, descriptor_, ec);
  if (ec) return fail(ec, "attach " + remote_ + ": " + ec.message());
  descriptor_ = -1;
  return socket;
}

Result<std::unique_ptr<Listener>> Listener::bind(asio::any_io_executor executor,
                                                 const Address& address, std::string name,
                                                 Logger logger) {
  auto bound = bind_socket(address);
  if (!bound) {
    return fail(bound.error().code,
                "listen (" + to_string(address) + ") failed - " + bound.error().context);
  }
  asio::posix::stream_descriptor socket(std::move(executor));
  error_code ec;
  socket.assign(bound->descriptor, ec);
  if (ec) {
    ::close(bound->descriptor);
    return fail(ec, "listen (" + to_string(address) + ") failed - " + ec.message());
  }
  std::unique_ptr<Listener> listener = std::make_unique<ListenerImpl>(
      std::move(socket), std::move(bound->local), std::move(name), std::move(logger));
  return listener;
}

}  // namespace nsq::net
