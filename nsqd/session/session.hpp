#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "common/net/byte_stream.hpp"
#include "nsqd/queue/deadline_index.hpp"
#include "nsqd/queue/waker.hpp"
#include "nsqd/session/io_thread.hpp"
#include "nsqd/session/outbox.hpp"
#include "nsqd/session/protocol.hpp"

namespace nsqd {

/// One client connection: reads, hands the bytes to its Protocol, and writes replies and messages.
///
/// An idle session owns no buffer: it reads into its thread's scratch and keeps only what is
/// incomplete. It writes at the end of its thread's turn, messages only when the socket took all
/// that came before, so what a slow client holds is bounded by one pull.
///
/// Lives on its I/O thread, all of it but wake(). Owned by the coroutine run(), and by its Consumer
/// while it is subscribed; ends when the peer leaves, breaks the protocol, stays silent for two
/// heartbeat intervals, when its channel is deleted, or when the thread's tasks are cancelled.
class Session final : public Waker,
                      public TurnEnd,
                      public Expirable,
                      public ProtocolHost,
                      public std::enable_shared_from_this<Session> {
 public:
  Session(SessionContext& context, std::unique_ptr<nsq::net::ByteStream> stream,
          std::string remote_address);
  ~Session() override;

  /// Serves the client until the connection ends.
  boost::asio::awaitable<void> run();

  void wake() noexcept override;
  void end_turn() override;
  void expire(nsq::Now now) override;
  std::shared_ptr<Waker> waker() override { return shared_from_this(); }
  void await_commit(Ticket ticket) override;
  void ask_authority(Credentials client) override;

 private:
  boost::asio::awaitable<void> read_loop();
  boost::asio::awaitable<void> wind_down();
  boost::asio::awaitable<void> progress();
  boost::asio::awaitable<void> all_out();
  boost::asio::awaitable<void> put_layers_on();
  boost::asio::awaitable<void> start_tls();
  boost::asio::awaitable<void> authenticate(Credentials client);

  bool read_some();
  nsq::net::IoResult read_behind_partial(std::string_view& input);
  void consume(std::string_view input);
  void keep_rest(std::string_view input, std::size_t consumed);

  void send();
  void after_write(const nsq::net::IoResult& result);
  void wait_until_writable();
  bool all_sent() noexcept;
  void notify_progress();

  void schedule() { context_.io.schedule(shared_from_this()); }
  void begin_heartbeats(nsq::Now now);
  void arm();
  void close() noexcept;
  void leave() noexcept;

  SessionContext& context_;
  std::unique_ptr<nsq::net::ByteStream> stream_;  // replaced by a layer on top of it
  const std::string remote_address_;
  Protocol protocol_;
  Outbox outbox_;
  std::string partial_;  // a command that is still coming in
  bool closed_ = false;
  bool blocked_ = false;  // the socket takes nothing now
  bool input_ended_ = false;
  bool layering_ = false;            // between an IDENTIFY and the OK of its last layer
  nsq::Nanoseconds interval_{};      // between heartbeats; zero: none
  nsq::MonoTime consuming_since_{};  // when what is worked off was read
  nsq::MonoTime last_command_{};
  nsq::MonoTime next_heartbeat_{};
  nsq::MonoTime blocked_since_{};
  std::optional<nsq::MonoTime> close_at_;  // while winding down
  std::move_only_function<void()> on_progress_;
};

}  // namespace nsqd
