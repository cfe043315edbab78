#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include "common/base/result.hpp"
#include "common/net/byte_stream.hpp"

namespace nsq::bench {

/// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd();

  int get() const noexcept { return fd_; }

 private:
  int fd_ = -1;
};

/// The operating system's error of the last call, as a Result.
std::unexpected<Error> fail_errno(std::string_view what);

/// Connects to `host:port`, blocking for at most 10 s, with TCP_NODELAY.
/// @param number  the how-manieth connection of the process this is: loopback addresses have some
///   28,000 ports each, so every 20,000th connection to 127.0.0.1 comes from another of them.
Result<Fd> connect_tcp(std::string_view address, std::uint64_t number = 0);

/// The socket as the bottom layer of a connection. Its waits block the thread, for at most 10 s:
/// they are for the time before a Loop has the connection, and TLS's handshake among it.
/// @param executor  of a context that outlives the stream.
std::unique_ptr<net::ByteStream> make_fd_stream(Fd socket, boost::asio::any_io_executor executor);

/// Lets the process have as many open files as its hard limit allows.
void raise_file_limit();

}  // namespace nsq::bench
