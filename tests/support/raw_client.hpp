#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/socket.hpp"

namespace nsq::test {

/// A frame as it came: `type` 0 is a response, 1 an error, 2 a message.
struct Frame {
  std::uint32_t type = 0;
  std::string data;

  bool operator==(const Frame&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Frame& frame);

Frame response(std::string_view data);
Frame error(std::string_view data);
inline Frame ok() {
  return response("OK");
}
inline Frame heartbeat() {
  return response("_heartbeat_");
}

/// The parts of a message frame; `timestamp` in nanoseconds since 1970.
struct Message {
  std::int64_t timestamp = 0;
  std::uint16_t attempts = 0;
  std::string id;
  std::string body;
};

// Commands as bytes. They build, and do not check: a test may ask for nonsense.
std::string be32(std::uint32_t value);
std::string pub(std::string_view topic, std::string_view body);
std::string dpub(std::string_view topic, std::string_view milliseconds, std::string_view body);
std::string mpub(std::string_view topic, const std::vector<std::string>& bodies);
/// The body of MPUB after its leading size, which is also that of a binary /mpub.
std::string mpub_body(const std::vector<std::string>& bodies);
std::string identify(std::string_view json);
std::string sub(std::string_view topic, std::string_view channel);
std::string rdy(int count);
std::string fin(std::string_view id);
std::string req(std::string_view id, std::string_view milliseconds);
std::string touch(std::string_view id);

/// A connection to nsqd's TCP port that says exactly what it is told. Reads throw when the deadline
/// passes, when the server closes within a frame, or when a frame is not of the expected kind.
class RawClient {
 public:
  enum class Magic { send, omit };

  explicit RawClient(Socket socket, Magic magic = Magic::send);

  void send(std::string_view bytes) { socket_.send(bytes); }
  Frame read();
  Message read_message();

  /// Sends, and returns the next frame.
  Frame ask(std::string_view bytes);

  /// Sends SUB and returns the answer; the client is ready to send RDY if it is ok().
  Frame subscribe(std::string_view topic, std::string_view channel) {
    return ask(sub(topic, channel));
  }

  /// What the server still sends until it closes: empty if it just closes.
  std::string read_to_end();

  /// Whether anything arrives within `patience`: for polling, not for proving silence.
  bool readable(std::chrono::milliseconds patience);

  /// Publishes to a topic of its own and returns the next frame, which is ok() if the server had
  /// nothing else to say before it.
  Frame marker();

  void shutdown_write() { socket_.shutdown_write(); }
  void close() { socket_.close(); }

 private:
  void fill(std::size_t bytes);

  Socket socket_;
  std::string buffer_;
};

}  // namespace nsq::test
