#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "clients/tools/nsq_bench/options.hpp"
#include "common/base/result.hpp"
#include "common/net/byte_stream.hpp"

namespace nsq::bench {

/// A connection to the server, with what was negotiated on it.
struct Connection {
  std::unique_ptr<net::ByteStream> stream;
  bool layered = false;  ///< with TLS or compression

  /// Sends everything, and waits until the socket has it. Blocks.
  Result<void> send(std::string_view bytes);
  /// What comes next, at most `most` bytes. Blocks. Errc::closed.
  Result<std::string> receive(std::size_t most);
};

/// Opens connections as the options say. Everything blocks, each step for at most 10 s.
/// Lives on one thread; must outlive what it opened.
class Dialer {
 public:
  /// To a TCP port, without a word said. Both arguments as connect_tcp's.
  Result<Connection> connect(std::string_view address, std::uint64_t number = 0);

  /// To nsqd's TCP port: the magic, IDENTIFY, TLS and compression, AUTH if the server asks for it.
  /// What -client-opt asks for and the server does not grant is Errc::rejected: figures would be
  /// of something else. The others are connect_tcp's, and what the server answered.
  /// @param number  as connect_tcp's.
  Result<Connection> client(const Options& options, std::uint64_t number = 0);

  /// client(), and SUB. RDY is still 0.
  Result<Connection> subscription(const Options& options, std::string_view topic,
                                  std::string_view channel, std::uint64_t number = 0);

  /// To nsqd's HTTP or HTTPS port.
  Result<Connection> http(const Options& options, std::uint64_t number = 0);

 private:
  Result<void> negotiate(Connection& connection, const Options& options);
  Result<void> secure(Connection& connection, const Options& options, std::string_view address);

  boost::asio::io_context io_;
};

}  // namespace nsq::bench
