#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "tests/support/daemon_process.hpp"
#include "tests/support/simple_http.hpp"
#include "tests/support/socket.hpp"

namespace nsq::test {

/// The nsqlookupd under test: the one that $NSQ_NSQLOOKUPD names, else the one of this build.
std::string nsqlookupd_path();

/// A connection to nsqlookupd's TCP port that says exactly what it is told. Reads throw when the
/// deadline passes or the server closes within a reply.
class LookupPeer {
 public:
  explicit LookupPeer(Socket socket) : socket_(std::move(socket)) {}

  void send(std::string_view bytes) { socket_.send(bytes); }
  /// The next reply, without its size.
  std::string read();
  /// Sends, and returns the next reply.
  std::string ask(std::string_view bytes);
  /// Sends magic and IDENTIFY, as the node `broadcast_address`:4151, and returns the reply.
  std::string identify(std::string_view broadcast_address = "host");
  /// Whether the server closes without another word.
  bool at_end();

  void shutdown_write() { socket_.shutdown_write(); }
  void close() { socket_.close(); }

 private:
  void fill(std::size_t bytes);

  Socket socket_;
  std::string buffer_;
};

/// The magic and IDENTIFY with this body, as bytes.
std::string lookup_identify(std::string_view body);
/// The usual body.
std::string lookup_identity(std::string_view broadcast_address = "host");

/// A running nsqlookupd on free ports of 127.0.0.1.
class Nsqlookupd {
 public:
  /// Starts it with `args` besides the addresses, and waits until it listens.
  explicit Nsqlookupd(const std::vector<std::string>& args = {});

  std::uint16_t tcp_port() const noexcept { return tcp_port_; }
  std::uint16_t http_port() const noexcept { return http_port_; }
  DaemonProcess& process() noexcept { return process_; }

  /// A TCP connection that has sent nothing.
  LookupPeer connect() const { return LookupPeer(Socket::tcp(tcp_port_)); }
  /// A peer that has identified itself and registered these (`t`, `t c`); throws if it is refused.
  LookupPeer peer(std::string_view broadcast_address = "host",
                  const std::vector<std::string>& registrations = {}) const;

  SimpleHttp http() const { return SimpleHttp(Socket::tcp(http_port_)); }
  HttpResponse get(std::string_view target) const { return http().request("GET", target); }
  HttpResponse post(std::string_view target, std::string_view body = {}) const {
    return http().request("POST", target, body);
  }

  using Names = std::vector<std::string>;
  Names topics() const;
  Names channels(std::string_view topic) const;
  /// The broadcast addresses that /lookup lists, sorted. Throws if there is no such topic.
  Names producers(std::string_view topic) const;
  /// The members of /nodes.
  nlohmann::json nodes() const;

 private:
  DaemonProcess process_;
  std::uint16_t tcp_port_;
  std::uint16_t http_port_;
};

}  // namespace nsq::test
