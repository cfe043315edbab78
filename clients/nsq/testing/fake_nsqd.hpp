#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "clients/nsq/address.hpp"

namespace nsq::client::testing {

/// The client did something else than the script says, or is gone. Thrown by the script's calls.
class ScriptError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A command as a client sent it.
struct SentCommand {
  std::string line;  ///< without the newline: "PUB topic"
  std::string body;  ///< of IDENTIFY, AUTH, PUB, MPUB, DPUB; without its size field
};

struct FakeMessage {
  std::string id = "0123456789abcdef";  ///< 16 bytes
  std::string body;
  std::uint16_t attempts = 1;
  std::int64_t timestamp_ns = 0;
};

/// One client's connection, from the server's side. Lives on the executor of its FakeNsqd; one
/// coroutine at a time reads. Closes when destroyed.
class FakeClient {
 public:
  explicit FakeClient(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

  // Reading. ScriptError when the connection ends first.

  boost::asio::awaitable<void> read_magic();
  boost::asio::awaitable<SentCommand> read_command();
  /// The next command other than NOP; throws unless its line is this. Returns its body.
  boost::asio::awaitable<std::string> expect(std::string_view line);
  /// Reads until the client closes. Returns the lines that came before.
  boost::asio::awaitable<std::vector<std::string>> read_to_end();
  /// Whether bytes are here that were not read as commands yet.
  bool has_input();

  // Writing. Gives up silently when the client is gone: reading tells.

  boost::asio::awaitable<void> send_response(std::string_view text);
  boost::asio::awaitable<void> send_error(std::string_view text);
  boost::asio::awaitable<void> send_heartbeat();
  boost::asio::awaitable<void> send_message(FakeMessage message);
  boost::asio::awaitable<void> send_raw(std::string bytes);

  // Usual openings.

  /// Magic and IDENTIFY, answered with `reply`; returns what IDENTIFY said.
  boost::asio::awaitable<std::string> handshake(std::string reply = "OK");
  /// The same, then SUB, answered with OK; returns its line.
  boost::asio::awaitable<std::string> subscribe_handshake(std::string reply = "OK");

  /// Ends the connection in order.
  void close();
  /// Ends it as a crashed host does (RST); what the client sent is lost.
  void reset();

 private:
  boost::asio::awaitable<std::string> read_line();
  boost::asio::awaitable<void> read_bytes(std::size_t count);
  boost::asio::awaitable<bool> read_some();

  boost::asio::ip::tcp::socket socket_;
  std::string in_;
};

/// A listener that a test scripts. Lives on one executor, that of the code under test or another.
class FakeNsqd {
 public:
  /// Listens on a free port of 127.0.0.1; throws when there is none.
  explicit FakeNsqd(const boost::asio::any_io_executor& executor);

  Address address() const;
  /// The next connection, those that came before the call first.
  boost::asio::awaitable<std::unique_ptr<FakeClient>> accept();
  /// Stops to listen: later dials are refused.
  void stop();

 private:
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_;
};

}  // namespace nsq::client::testing
