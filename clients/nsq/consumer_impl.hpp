#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include "clients/nsq/connection.hpp"
#include "clients/nsq/consumer.hpp"
#include "clients/nsq/discovery.hpp"
#include "clients/nsq/handler_loop.hpp"
#include "clients/nsq/rdy_controller.hpp"
#include "clients/nsq/reconnect.hpp"
#include "clients/nsq/response_mailbox.hpp"
#include "common/wire/names.hpp"

namespace nsq::client {

/// One nsqd address of a Consumer, and its connection if there is one.
struct ConsumerPeer {
  ConsumerPeer(const boost::asio::any_io_executor& executor, Address nsqd, ReconnectSchedule times)
      : address(std::move(nsqd)), schedule(std::move(times)), retry(executor) {}

  Address address;
  ReconnectSchedule schedule;
  boost::asio::steady_timer retry;
  std::shared_ptr<Connection> connection;  // while connecting or active
  std::shared_ptr<const detail::Origin> origin;
  MonoTime active_since{};
  std::int64_t failures = 0;  // to connect, in a row
  std::string last_failure;   // logged once, however often it comes
  std::int64_t in_flight = 0;
  bool fresh_messages = false;  // in this read
  bool close_wait = false;
  bool leaving = false;  // disconnect() was called
  bool named = false;    // to connect(), not found by discovery
};

/// Counters that any thread may read; written on the executor. Relaxed order suffices: each is a
/// figure of its own.
struct ConsumerCounters {
  using Count = std::atomic<std::uint64_t>;
  Count received, finished, requeued, touched, abandoned, dropped_responses, failed_responses,
      reconnects;
  std::atomic<std::int64_t> in_flight, connections;
};

/// The Consumer itself, kept alive by its own coroutines for as long as they run.
class Consumer::Impl final : public ConnectionListener,
                             public std::enable_shared_from_this<Consumer::Impl> {
 public:
  Impl(boost::asio::any_io_executor executor, wire::TopicName topic, wire::ChannelName channel,
       Options options, ConsumerSetup setup);
  /// What needs shared_from_this.
  void init();
  void shutdown();

  // The public interface (consumer.hpp).
  Result<void> may_add_handler() const;
  Result<void> add_handler(Handler handler, unsigned concurrency);
  Result<void> add_async_handler(AsyncHandler handler, unsigned concurrency);
  boost::asio::awaitable<Result<void>> connect(Address nsqd, ConnectMode mode);
  Result<void> disconnect(const Address& nsqd);
  Result<void> connect_to_nsqlookupd(const LookupdUrl& lookupd);
  Result<void> disconnect_from_nsqlookupd(const LookupdUrl& lookupd);
  boost::asio::awaitable<Result<Message>> next();
  void set_max_in_flight(std::int64_t count);
  bool is_starved() const noexcept { return starved_.load(std::memory_order_relaxed); }
  void stop();
  boost::asio::awaitable<StopReport> stopped();
  ConsumerStats stats() const;

  // ConnectionListener.
  void on_message(Connection& connection, const wire::MessageView& message) override;
  void on_response(Connection& connection, std::string_view text) override;
  void on_error(Connection& connection, const wire::ProtocolError& error) override;
  void on_read_end(Connection& connection) override;
  void on_closed(Connection& connection, const Error& reason) override;

  const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

 private:
  using Peer = std::shared_ptr<ConsumerPeer>;

  // Connections (consumer_connections.cpp).
  Result<void> begin();
  Peer add_peer(const Address& nsqd);
  boost::asio::awaitable<Result<void>> establish(Peer peer);
  /// What comes before an attempt: nothing, a delay that grows, the longest delay.
  enum class Pause { none, growing, longest };
  static Pause pause_after(const Error& failure);
  std::optional<Pause> pause_after_close(ConsumerPeer& peer, const Error& reason);
  boost::asio::awaitable<void> retry_loop(Peer peer, Pause pause);
  bool wanted(const ConsumerPeer& peer) const;
  bool retry_failed(ConsumerPeer& peer, const Error& error);
  void activate(const Peer& peer);
  void leave(ConsumerPeer& peer);
  void forget(const Peer& peer);
  void emit(ConnectionEvent::Kind kind, const Address& nsqd, Error reason = {});

  // Discovery (consumer_discovery.cpp).
  void on_found(const std::vector<Address>& nsqds);
  std::vector<Address> filtered(const std::vector<Address>& nsqds);

  // Responses and RDY (consumer_responses.cpp).
  void on_responses(const std::vector<detail::Response>& responses);
  void on_late_response(const detail::Response& response);
  void send_answer(ConsumerPeer& peer, const detail::Response& response);
  void signal(FlowSignal signal);
  Nanoseconds requeue_delay(const detail::Response& response) const;
  void report_failed_response(const Address& nsqd, std::string_view id, std::string_view why);
  void update_budget();
  void apply(const RdyController::Changes& changes);
  void update_starved();
  void close_if_drained(ConsumerPeer& peer);
  boost::asio::awaitable<void> redistribute_loop();

  // The end.
  void do_stop();
  void stop_expired();
  void check_stopped();
  bool handlers_ended() const;

  boost::asio::any_io_executor executor_;
  wire::TopicName topic_;
  wire::ChannelName channel_;
  std::shared_ptr<const Options> options_;
  ConnectionLog log_;
  ConsumerHooks hooks_;
  bool pull_;
  std::unique_ptr<FlowPolicy> flow_;
  std::shared_ptr<HandlerContext> handlers_;
  std::shared_ptr<ResponseMailbox> mailbox_;
  std::unique_ptr<HandlerThreads> threads_;
  unsigned coroutines_ = 0;  // handlers that are coroutines, running
  bool has_handlers_ = false;

  RdyController rdy_;
  std::int64_t max_in_flight_;
  std::mt19937_64 random_{std::random_device{}()};
  std::map<Address, Peer> peers_;
  boost::unordered_flat_map<std::uint64_t, Peer> active_;  // by connection id
  struct Gone {
    Address nsqd;
    std::int64_t unanswered;
  };
  boost::unordered_flat_map<std::uint64_t, Gone> gone_;  // closed with unanswered messages
  std::uint64_t next_connection_ = 1;

  std::unique_ptr<Discovery> discovery_;  // from init() on
  std::set<Address> found_;               // by discovery, and chosen
  std::set<Address> sent_away_;           // of these, by disconnect()

  ConsumerCounters counters_{};
  std::atomic<bool> starved_ = false;
  std::atomic<bool> stop_asked_ = false;
  boost::asio::steady_timer redistribute_;
  boost::asio::steady_timer stop_deadline_;
  boost::asio::steady_timer done_;  // stopped() waits on it
  StopReport report_;
  bool ever_connected_ = false;
  bool stopping_ = false;
  bool complete_ = false;
};

}  // namespace nsq::client
