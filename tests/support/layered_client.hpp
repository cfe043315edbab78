#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "common/net/byte_stream.hpp"
#include "common/net/tls_context.hpp"
#include "tests/support/raw_client.hpp"

namespace nsq::test {

/// A client of a daemon's port that can speak TLS, snappy and deflate. Every wait has the deadline
/// of eventually.hpp and throws std::runtime_error when it passes or the server ends the
/// connection.
class LayeredClient {
 public:
  /// Connects to 127.0.0.1:`port` and sends the magic of nsqd's TCP port, or nothing.
  explicit LayeredClient(std::uint16_t port, RawClient::Magic magic = RawClient::Magic::send);
  LayeredClient(LayeredClient&&) = default;
  LayeredClient& operator=(LayeredClient&&) = delete;

  /// Bytes as they are, through the layers that are on.
  void send(std::string_view bytes);
  Frame read();
  Frame ask(std::string_view bytes) {
    send(bytes);
    return read();
  }

  /// IDENTIFY with feature negotiation and `members` ("\"snappy\":true"). @return the answer.
  Frame negotiate(std::string_view members);

  // Layers. What came behind the last frame belongs to them.

  /// @return why the handshake failed, empty if it did not.
  std::string start_tls(const net::TlsClientConfig& config, const std::string& name = "localhost");
  void start_snappy();
  void start_deflate(int level);

  /// Reads that many bytes at a time from now on.
  void read_in_chunks(std::size_t bytes) { chunk_bytes_ = bytes; }

  /// Lets bytes past the topmost layer, which the server cannot decode.
  net::ByteStream& stream() noexcept { return *stream_; }
  /// Whether the server has ended the connection, waiting for that.
  bool ended();
  /// What the server still sends until it ends the connection.
  std::string read_to_end();

 private:
  bool fill();

  std::unique_ptr<boost::asio::io_context> context_ = std::make_unique<boost::asio::io_context>();
  std::unique_ptr<net::ByteStream> stream_;
  std::string buffer_;
  std::size_t chunk_bytes_ = 65536;
};

}  // namespace nsq::test
