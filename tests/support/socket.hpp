#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace nsq::test {

/// A blocking stream socket whose every operation has the deadline of eventually.hpp and throws
/// std::runtime_error when it passes.
class Socket {
 public:
  /// Connects to 127.0.0.1:`port`. Throws if nobody listens there.
  static Socket tcp(std::uint16_t port);
  static Socket unix_path(const std::filesystem::path& path);

  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket();

  /// Sends everything. A peer that closed meanwhile is not an error: what it said before is still
  /// to be read.
  void send(std::string_view bytes);

  /// The next bytes, at least one; empty when the peer has closed (a reset counts as a close).
  std::string receive();

  /// Whether bytes or the peer's close arrive within `patience`.
  bool readable(std::chrono::milliseconds patience);

  /// Half-close: the peer reads an end of file, and may still answer.
  void shutdown_write();

  void close() noexcept;

 private:
  friend class Acceptor;
  explicit Socket(int fd) noexcept : fd_(fd) {}
  bool wait(short events, std::chrono::milliseconds patience) const;

  int fd_ = -1;
};

/// Listens on a free port of 127.0.0.1 from construction on. Whoever connects is connected before
/// anybody accepts.
class Acceptor {
 public:
  Acceptor();

  std::uint16_t port() const noexcept { return port_; }

  /// The next connection; throws when none comes before the deadline.
  Socket accept();

 private:
  Socket socket_;
  std::uint16_t port_ = 0;
};

}  // namespace nsq::test
