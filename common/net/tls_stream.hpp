#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/net/stream_layer.hpp"
#include "common/net/tls_context.hpp"

namespace nsq::net {

/// TLS over another stream, for either side: handshake() first, then a ByteStream like any.
///
/// What one write_some() accepts becomes full records (16 KiB each) in one buffer that the thread's
/// connections share, and one write below; an idle connection owns no record buffers. Renegotiation
/// ends the connection. A stream that ends without TLS's own end mark is an end all the same, since
/// the protocols above have lengths of their own.
class TlsStream final : public StreamLayer {
 public:
  /// @param received  bytes that the peer sent for TLS and that are read already.
  /// @param server_name  on a client: the name or address that the server's certificate must be
  ///                     for, and that is told to the server.
  static std::unique_ptr<TlsStream> make(std::unique_ptr<ByteStream> below, TlsContext::Ptr context,
                                         std::string received, const std::string& server_name = {});
  ~TlsStream() override;

  /// Once, before anything else. The error's text is in upstream's words where it has some: `EOF`,
  /// `tls: client didn't provide a certificate`, `remote error: tls: bad certificate`, …;
  /// Errc::timed_out after `limit`. After an error only release() makes sense.
  boost::asio::awaitable<Result<void>> handshake(Nanoseconds limit);

  /// The stream below, e.g. to say in plain text that the handshake failed.
  std::unique_ptr<ByteStream> release() noexcept { return take_below(); }

  IoResult read_some(std::span<char> into) override;
  IoResult write_some(std::span<const iovec> parts) override;
  void shutdown_send() noexcept override;
  void close() noexcept override;
  const TlsPeer* tls_peer() const noexcept override;

 private:
  struct State;
  TlsStream(std::unique_ptr<ByteStream> below, std::unique_ptr<State> state) noexcept;

  /// Sends what OpenSSL has produced.
  IoResult push_records();
  IoResult failed_io(int result);
  Error handshake_error(int result) const;
  boost::asio::awaitable<Result<void>> shake_hands(const bool& expired);
  boost::asio::awaitable<boost::system::error_code> wait_for_peer();

  std::unique_ptr<State> state_;
};

}  // namespace nsq::net
