#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/raw_client.hpp"
#include "tests/support/socket.hpp"

namespace nsq::torture {

/// Nanoseconds since 1970, as in a message's timestamp.
using Nanos = std::int64_t;
Nanos now();

/// A TCP connection to nsqd that takes the daemon's death for an ordinary event. For one thread.
/// Throws std::runtime_error when nsqd does not take bytes within the deadline of the tests.
class Link {
 public:
  /// Connects and sends the magic; nothing if nobody listens.
  static std::optional<Link> open(std::uint16_t port);

  void send(std::string_view bytes) { socket_.send(bytes); }

  /// Takes in what has come, waiting up to `patience` if there is nothing.
  void receive(std::chrono::milliseconds patience);

  /// The next whole frame of what was taken in. Heartbeats are answered, not returned.
  std::optional<test::Frame> next();

  /// The next frame, waiting for it; nothing when the connection has ended. Throws when the
  /// deadline of the tests passes.
  std::optional<test::Frame> await_next();

  /// No more bytes will come; next() may still have frames.
  bool ended() const noexcept { return ended_; }

 private:
  explicit Link(test::Socket socket) : socket_(std::move(socket)) {}

  test::Socket socket_;
  std::string buffer_;
  std::size_t taken_ = 0;  // bytes of buffer_ that next() has returned
  bool ended_ = false;
};

/// The parts of a message frame; nothing if it is too short for one.
std::optional<test::Message> parse_message(const test::Frame& frame);

/// Whether an error says that nsqd refuses because it is about to stop.
inline bool is_stopping(std::string_view error) {
  return error.ends_with(" exiting");
}

}  // namespace nsq::torture
