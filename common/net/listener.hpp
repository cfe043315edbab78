#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "common/base/log.hpp"
#include "common/base/result.hpp"
#include "common/net/address.hpp"
#include "common/net/byte_stream.hpp"

namespace nsq::net {

/// A socket that was accepted and belongs to no thread yet. Owns the descriptor. It can be moved to
/// another thread and attached to its executor there.
class AcceptedSocket {
 public:
  /// Takes over `descriptor`, a connected stream socket of address family `family` (AF_…).
  AcceptedSocket(int descriptor, int family, std::string remote) noexcept;
  ~AcceptedSocket();
  AcceptedSocket(AcceptedSocket&& other) noexcept;
  AcceptedSocket& operator=(AcceptedSocket&&) = delete;

  /// The peer as logs and stats show it: `ip:port`, `[v6]:port`, `@` for a unix socket.
  const std::string& remote() const noexcept { return remote_; }

  /// The descriptor, still owned; -1 after attach().
  int native_handle() const noexcept { return descriptor_; }

  /// Makes it a socket of `executor`. Call on that executor's thread, once.
  /// @return the error of the event system when it takes no more descriptors.
  Result<StreamSocket> attach(const boost::asio::any_io_executor& executor);

 private:
  int descriptor_;
  int family_;
  std::string remote_;
};

/// A bound and listening socket. Lives on its executor's thread. Destroying it closes it; the
/// accept loop must have ended by then.
class Listener {
 public:
  /// Takes each accepted socket, on the listener's thread. Must not throw.
  using OnAccept = std::function<void(AcceptedSocket)>;

  /// Binds and listens at once (clients queue until accept_loop runs). TCP sockets get
  /// SO_REUSEADDR. A host name is resolved, blocking: for start-up.
  /// @param name  what log lines begin with: "TCP", "HTTP".
  /// @return the system's error, with the text `listen (<addr>) failed - listen tcp <addr>: bind:
  ///         address already in use`; a unix socket file that exists is that error too.
  static Result<std::unique_ptr<Listener>> bind(boost::asio::any_io_executor executor,
                                                const Address& address, std::string name,
                                                Logger logger);
  virtual ~Listener() = default;

  /// What it is bound to, with the port that the system chose.
  virtual const Address& local_address() const noexcept = 0;

  /// Accepts until close(). Accepted TCP sockets have TCP_NODELAY and keep-alive on; all are
  /// non-blocking. A client that is gone already is skipped; without free descriptors or memory it
  /// logs, pauses and tries again. Logs `<name>: listening on <addr>` and `<name>: closing <addr>`.
  /// @return nothing after close() or cancellation, or the error that makes going on useless.
  virtual boost::asio::awaitable<Result<void>> accept_loop(OnAccept on_accept) = 0;

  /// Stops listening and removes the unix socket's file. May be repeated.
  virtual void close() noexcept = 0;

  virtual boost::asio::any_io_executor executor() = 0;
};

}  // namespace nsq::net
