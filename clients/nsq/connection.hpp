#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "clients/nsq/address.hpp"
#include "clients/nsq/options.hpp"
#include "clients/nsq/read_buffer.hpp"
#include "common/base/log.hpp"
#include "common/base/result.hpp"
#include "common/net/byte_stream.hpp"
#include "common/wire/frame.hpp"
#include "common/wire/identify.hpp"
#include "common/wire/message.hpp"
#include "common/wire/names.hpp"
#include "common/wire/protocol_error.hpp"

namespace nsq::client {

class Connection;

/// Who is told what a Connection receives, on its executor. Views are valid during the call.
class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  virtual void on_message(Connection& connection, const wire::MessageView& message) = 0;
  /// Any response but a heartbeat.
  virtual void on_response(Connection& connection, std::string_view text) = 0;
  /// If it is fatal, on_closed follows.
  virtual void on_error(Connection& connection, const wire::ProtocolError& error) = 0;
  /// Everything that one read brought has been told.
  virtual void on_read_end(Connection& connection) = 0;
  /// Exactly once for a connection that was started, and never from within a call to it.
  virtual void on_closed(Connection& connection, const Error& reason) = 0;
};

/// How a Connection names itself in the log: `<tag> (<address>) connecting to nsqd`.
struct ConnectionLog {
  Logger logger;
  std::string tag;
};

/// One socket to one nsqd: handshake, frames, heartbeats, batched writes, deadlines.
///
/// open(), for a consumer subscribe(), then start(); from there on the listener hears what comes.
/// Commands are appended to outbox() and leave together, with one write, at the end of the turn of
/// the loop. Heartbeats are answered here, whatever the listener does.
/// Lives on its executor; kept alive by its owner and by its own coroutines until it is closed.
/// Ends by close(), by itself when the peer goes, is silent, or breaks the protocol.
/// Source: spec/client.md 2, 3, 6.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// @param id whatever the owner tells its connections apart by.
  Connection(boost::asio::any_io_executor executor, std::uint64_t id, Address nsqd,
             std::shared_ptr<const Options> options, ConnectionLog log);

  /// Dials, identifies and, if the server asks for it, authenticates, within handshake_timeout,
  /// which goes on to run until start(). The errors' contexts: `dial tcp <address>: …`, the text of
  /// an error frame (Errc::rejected), or what was wrong. The socket is closed on any error.
  boost::asio::awaitable<Result<void>> open();
  /// Sends SUB and checks the answer. Errc::rejected with the server's text.
  boost::asio::awaitable<Result<void>> subscribe(const wire::TopicName& topic,
                                                 const wire::ChannelName& channel);
  /// Begins to read for `listener`, which is no longer told anything once it is gone.
  void start(std::weak_ptr<ConnectionListener> listener);

  /// Append whole commands to it, then call kick(). Closed connections swallow them.
  std::string& outbox() noexcept { return outbox_; }
  void kick();
  /// Bytes ever appended, and those of them that the kernel has taken.
  std::uint64_t bytes_queued() const noexcept { return bytes_taken_ + outbox_.size(); }
  std::uint64_t bytes_written() const noexcept { return bytes_written_; }

  /// Closes at once. The first reason counts.
  void close(Error reason);
  /// Closes when all that was appended is written.
  void close_when_written(Error reason);
  bool closed() const noexcept { return closed_; }
  const Error& reason() const noexcept { return reason_; }

  std::uint64_t id() const noexcept { return id_; }
  const Address& nsqd() const noexcept { return nsqd_; }
  /// What the server said to IDENTIFY; after open().
  const wire::IdentifyResponse& identity() const noexcept { return identity_; }

 private:
  boost::asio::awaitable<Result<void>> connect_socket();
  boost::asio::awaitable<Result<void>> identify();
  boost::asio::awaitable<Result<void>> upgrade();
  boost::asio::awaitable<Result<void>> expect_ok(std::string_view layer);
  std::string take_received();
  boost::asio::awaitable<Result<void>> authenticate();
  boost::asio::awaitable<Result<wire::DecodedFrame>> read_reply();
  boost::asio::awaitable<Result<void>> fill();
  boost::asio::awaitable<void> read_loop();
  boost::asio::awaitable<void> write_loop();
  boost::asio::awaitable<bool> write_all();
  boost::asio::awaitable<void> idle_loop();
  bool handle_frames();
  bool handle_frame(const wire::DecodedFrame& frame);
  void handle_error(std::string_view text);
  void lose_peer(Error reason);
  void arm_deadline(Nanoseconds after, Error reason);
  void answer_heartbeat();
  wire::IdentifyRequest identify_request() const;
  void wake_writer();

  boost::asio::any_io_executor executor_;
  std::uint64_t id_;
  Address nsqd_;
  std::shared_ptr<const Options> options_;
  ConnectionLog log_;
  boost::asio::ip::tcp::socket socket_;      // until it is connected
  std::unique_ptr<net::ByteStream> stream_;  // from then on; TLS and compression on top
  boost::asio::steady_timer deadline_;  // of the handshake, of a write, of the rest of a broken one
  boost::asio::steady_timer idle_;
  boost::asio::steady_timer wake_;  // the write loop waits on it
  std::weak_ptr<ConnectionListener> listener_;
  wire::IdentifyResponse identity_;
  ReadBuffer in_;
  std::size_t reply_bytes_ = 0;  // of the handshake's last reply, still in in_
  std::string outbox_;
  std::string writing_;
  std::uint64_t bytes_taken_ = 0;  // moved from outbox_ to writing_
  std::uint64_t bytes_written_ = 0;
  std::chrono::steady_clock::time_point last_read_;
  std::optional<Error> close_after_write_;
  std::optional<Error> write_error_;
  Error reason_;
  bool writer_running_ = false;
  bool writer_waits_ = false;
  bool started_ = false;
  bool closed_ = false;
};

}  // namespace nsq::client
