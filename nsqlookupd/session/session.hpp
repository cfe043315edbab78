#pragma once

#include <memory>
#include <span>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "common/net/byte_stream.hpp"
#include "nsqlookupd/session/protocol.hpp"

namespace nsqlookupd {

/// One peer connection: reads, hands the bytes to its Protocol, writes the replies. Nothing is read
/// while a reply waits to be taken, so a peer that does not read costs no memory. An idle session
/// owns no buffer.
///
/// Lives on the registry's thread, in the frame of the coroutine that awaits run(). Ends when the
/// peer leaves or breaks the protocol, when no magic comes in time, or when its task is cancelled;
/// with its end at the latest the peer is gone from the registry.
class Session {
 public:
  /// How long a peer may take to send its magic.
  static constexpr nsq::Nanoseconds kMagicTimeout = nsq::Seconds(10);

  /// @param context  outlives the session.
  /// @param scratch  to read into; shared by all that runs on this thread and does not suspend
  /// while
  ///                 using it.
  Session(SessionContext& context, std::span<char> scratch,
          std::unique_ptr<nsq::net::ByteStream> stream, std::string remote);

  /// Serves the peer until the connection ends.
  boost::asio::awaitable<void> run(nsq::Nanoseconds magic_timeout = kMagicTimeout);

 private:
  boost::asio::awaitable<void> read_magic();
  boost::asio::awaitable<void> serve();
  boost::asio::awaitable<void> read_more();
  boost::asio::awaitable<void> flush();
  boost::asio::awaitable<void> linger();
  boost::asio::awaitable<void> discard_input();
  void consume(std::string_view fresh);
  void log_end() const;

  SessionContext& context_;
  const std::span<char> scratch_;
  const std::unique_ptr<nsq::net::ByteStream> stream_;
  const std::string remote_;
  Protocol protocol_;
  std::string partial_;       // input that is not complete
  bool input_ended_ = false;  // the peer sends nothing more
  bool closed_ = false;       // nothing more can be read, or written
  std::string lost_;          // why, unless the peer just closed
};

}  // namespace nsqlookupd
