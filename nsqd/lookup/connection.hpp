#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/net/byte_stream.hpp"
#include "common/net/tls_context.hpp"
#include "nsqd/lookup/lookupd_messages.hpp"

namespace nsqd {

/// A TCP connection to an nsqlookupd. Whatever it does ends within the timeout. After an error it
/// is of no more use. Belongs to its executor's thread; one operation at a time.
class LookupdConnection {
 public:
  /// @param timeout  for each send() and each receive().
  LookupdConnection(std::unique_ptr<nsq::net::ByteStream> stream, std::size_t max_reply_bytes,
                    nsq::Nanoseconds timeout);

  /// Connects to `host:port` within the timeout.
  /// @param tls  if set, over TLS, with the host in the certificate; the handshake has the timeout
  ///             too. Its files are read here, so that replaced ones are used.
  /// @return connect_stream's errors; Errc::bad_address; what TLS has against it.
  static boost::asio::awaitable<nsq::Result<std::unique_ptr<LookupdConnection>>> connect(
      std::string address, std::size_t max_reply_bytes, nsq::Nanoseconds timeout,
      std::optional<nsq::net::TlsClientConfig> tls);

  /// Sends all of it.
  boost::asio::awaitable<nsq::Result<void>> send(std::string bytes);

  /// The next reply. Errc::frame_too_large, Errc::closed, Errc::timed_out, or the socket's error.
  boost::asio::awaitable<nsq::Result<std::string>> receive();

  /// With no reply outstanding: waits until `timer` fires or is cancelled. Errc::closed when the
  /// peer closed, Errc::bad_frame when it spoke unasked.
  boost::asio::awaitable<nsq::Result<void>> idle(boost::asio::steady_timer& timer);

 private:
  /// Reads what is there. @return whether that was anything.
  nsq::Result<bool> read();

  const std::unique_ptr<nsq::net::ByteStream> stream_;
  const nsq::Nanoseconds timeout_;
  ReplyReader replies_;
  std::array<char, 4096> scratch_{};
};

}  // namespace nsqd
