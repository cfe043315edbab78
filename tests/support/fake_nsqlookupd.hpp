#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/socket.hpp"

namespace nsq::test {

/// One nsqd's connection to a fake nsqlookupd, which says and leaves unsaid what the test wants.
/// Reads throw when the deadline passes or nsqd closes.
class FakeLookupSession {
 public:
  explicit FakeLookupSession(Socket socket) : socket_(std::move(socket)) {}

  /// Reads magic and IDENTIFY. @return the body; throws when it is something else.
  std::string read_hello();
  /// The next command, without its line end.
  std::string read_command();

  void reply(std::string_view text);
  void reply_ok() { reply("OK"); }
  /// Answers IDENTIFY: this fake's HTTP port is `http_port`.
  void reply_info(std::uint16_t http_port);
  /// Bytes as they are.
  void send(std::string_view bytes) { socket_.send(bytes); }

  /// Whether nsqd closes without another byte.
  bool at_end() { return buffer_.empty() && socket_.receive().empty(); }
  void close() { socket_.close(); }

 private:
  std::string read(std::size_t bytes);

  Socket socket_;
  std::string buffer_;
};

/// An HTTP connection to a fake that knows channels.
class FakeHttpSession {
 public:
  explicit FakeHttpSession(Socket socket) : socket_(std::move(socket)) {}

  /// Reads a request without a body, and returns its head.
  std::string read_request();
  void reply(int status, std::string_view body);

 private:
  Socket socket_;
};

}  // namespace nsq::test
