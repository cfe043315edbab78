#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "clients/tools/nsq_bench/options.hpp"
#include "common/base/result.hpp"

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

/// Connects to `host:port`, blocking, with TCP_NODELAY and a time limit of 10 s for each read and
/// write until the socket is made non-blocking.
/// @param number  the how-manieth connection of the process this is: loopback addresses have some
///   28,000 ports each, so every 20,000th connection to 127.0.0.1 comes from another of them.
Result<Fd> connect_tcp(std::string_view address, std::uint64_t number = 0);

Result<void> make_non_blocking(const Fd& socket);

/// Sends everything on a blocking socket.
Result<void> send_all(const Fd& socket, std::string_view bytes);

/// Receives one frame from a blocking socket and checks that it is the response `OK`.
/// Errc::rejected with the error frame's text; Errc::closed.
Result<void> expect_ok(const Fd& socket);

/// Connects, and sends the magic and IDENTIFY, whose answer is awaited. Blocking.
Result<Fd> open_client(const Options& options, std::uint64_t number = 0);

/// open_client, and SUB. RDY is still 0. Blocking.
Result<Fd> open_subscription(const Options& options, std::string_view topic,
                             std::string_view channel, std::uint64_t number = 0);

/// Lets the process have as many open files as its hard limit allows.
void raise_file_limit();

}  // namespace nsq::bench
