#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "clients/nsq/address.hpp"
#include "clients/nsq/config.hpp"
#include "clients/nsq/flow_policy.hpp"
#include "clients/nsq/lookupd_url.hpp"
#include "clients/nsq/message.hpp"
#include "common/base/log.hpp"
#include "common/base/result.hpp"

namespace nsq::client {

/// What connect() does when an nsqd cannot be reached or refuses.
enum class ConnectMode : std::uint8_t {
  fail_fast,  ///< returns the error and forgets the address
  retry,      ///< goes on in the background, as after a lost connection
};

/// What becomes of a message that was tried too often.
struct GiveUp {
  /// nullopt: finished, so gone for this channel. Else requeued with this delay.
  std::optional<Nanoseconds> requeue_after;
};

struct ConnectionEvent {
  enum class Kind : std::uint8_t { connecting, subscribed, closed, given_up };
  Kind kind;
  Address nsqd;
  Error reason;  ///< closed, given_up
};

/// What a program may want to know. Each runs on the Consumer's executor, so it must not block, but
/// for give_up, which runs where handlers do. What they throw is swallowed.
struct ConsumerHooks {
  /// A message arrived for more than the `max_attempts`th time. Unset: a warning, and it is
  /// finished.
  std::function<GiveUp(const Message&)> give_up;
  /// An answer came too late: the server says so, or the connection was gone.
  std::function<void(const Address&, std::string_view message_id, std::string_view why)>
      response_failed;
  std::function<void(const ConnectionEvent&)> connection;
  /// Chooses among the nsqds that nsqlookupds name: gets all of them, returns those to be connected
  /// to. Runs after each answer. If it throws, all are taken.
  std::function<std::vector<Address>(std::vector<Address>)> discovery_filter;
};

/// Counts since construction, but for the last two.
struct ConsumerStats {
  std::uint64_t received = 0;
  std::uint64_t finished = 0;
  std::uint64_t requeued = 0;
  std::uint64_t touched = 0;
  std::uint64_t given_up = 0;
  std::uint64_t expired = 0;            ///< timed out in the local queue; no handler saw them
  std::uint64_t abandoned = 0;          ///< every handle went without an answer; with the expired
  std::uint64_t dropped_responses = 0;  ///< the connection was gone
  std::uint64_t failed_responses = 0;   ///< the server had given the message to somebody else
  std::uint64_t reconnects = 0;
  std::uint64_t lookups = 0;          ///< answers of nsqlookupds
  std::uint64_t lookup_failures = 0;  ///< requests to them that had none
  std::int64_t in_flight = 0;
  std::int64_t connections = 0;
};

/// How a stop went.
struct StopReport {
  bool drained = true;         ///< before stop_timeout
  std::int64_t abandoned = 0;  ///< messages left unanswered; they come again after their timeout
};

struct ConsumerSetup {
  std::string topic;
  std::string channel;
  Config config;
  Logger logger = {};
  ConsumerHooks hooks = {};
  /// Messages are taken with next() instead of by handlers.
  bool pull = false;
  /// Unset: make_steady_flow().
  std::unique_ptr<FlowPolicy> flow = nullptr;
};

/// Consumes one topic and channel from the nsqds that it is given, or that nsqlookupds name.
///
/// At most `max_in_flight` messages are asked for, over all connections. Sockets are served
/// independently of handlers: heartbeats are answered however long a handler takes. A lost
/// connection is made again, with exponential delays under full jitter.
///
/// Discovery: an nsqd that any nsqlookupd names is connected to at once. One that is no longer
/// named keeps its connection, for a healthy one says more than a directory; once lost, it is not
/// made again. While an nsqlookupd cannot be asked, what it last said holds.
///
/// Lives on its executor (see README.md), where it must be called and destroyed (or when that runs
/// no more), but for what says "any thread". Source: spec/client.md 6 to 11.
class Consumer {
 public:
  /// May block: runs on a thread of its own. Success finishes the message, an error or an exception
  /// requeues it.
  using Handler = std::function<Result<void>(const Message&)>;
  /// Must not block: runs on the Consumer's executor.
  using AsyncHandler = std::function<boost::asio::awaitable<Result<void>>(Message)>;

  /// Errc::bad_name "invalid topic name", "invalid channel name"; Errc::bad_config.
  static Result<std::unique_ptr<Consumer>> create(boost::asio::any_io_executor executor,
                                                  ConsumerSetup setup);
  /// Closes the connections at once and waits up to a second for handlers that run (not for the one
  /// that destroys it); no handler is called after that.
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // Handlers, before the first connect. `concurrency` 0: the option handler_concurrency. All
  // handlers share one queue. Errc::bad_config "already connected".

  Result<void> add_handler(Handler handler, unsigned concurrency = 0);
  Result<void> add_async_handler(AsyncHandler handler, unsigned concurrency = 0);

  /// Connects and subscribes. Errc::bad_config "no handlers" or "already connected", Errc::closed
  /// "stopped"; and under fail_fast why it did not work: `dial tcp 127.0.0.1:1: connect: connection
  /// refused`, or Errc::rejected with the server's text.
  boost::asio::awaitable<Result<void>> connect(Address nsqd,
                                               ConnectMode mode = ConnectMode::fail_fast);
  /// The same for each in turn, skipping repeated addresses; ends at the first error.
  boost::asio::awaitable<Result<void>> connect(std::vector<Address> nsqds,
                                               ConnectMode mode = ConnectMode::fail_fast);
  /// Forgets an address and closes its connection gracefully, in the background. One that discovery
  /// found stays away until connect() names it, or it went and comes anew. Errc::bad_config "not
  /// connected".
  Result<void> disconnect(const Address& nsqd);

  /// Begins to ask an nsqlookupd for the nsqds that have the topic, and goes on until the stop,
  /// whether it answers or not. Does not wait. The same one again is no error. Errc::bad_config "no
  /// handlers", Errc::closed "stopped".
  Result<void> connect_to_nsqlookupd(const LookupdUrl& lookupd);
  /// The same for several, all of which are asked.
  Result<void> connect_to_nsqlookupds(const std::vector<LookupdUrl>& lookupds);
  /// Asks it no more. Connections stay, but those to nsqds that no other one names are not made
  /// again. Errc::bad_config "not connected".
  Result<void> disconnect_from_nsqlookupd(const LookupdUrl& lookupd);

  /// With ConsumerSetup::pull: the next message, which the caller answers. Errc::closed "stopped".
  boost::asio::awaitable<Result<Message>> next();

  /// Any thread. 0 pauses. Takes effect soon; what is on its way still comes. Below 0 is 0.
  void set_max_in_flight(std::int64_t count);
  /// Any thread: some connection is close to its limit, so a handler that gathers batches should
  /// finish what it has.
  bool is_starved() const noexcept;

  /// Any thread. Begins to stop: no more messages are asked for, those here are handled, then the
  /// connections close, after `stop_timeout` in any case. May be called again.
  void stop();
  /// Ends when the stop is complete and handlers run no more (or stop_timeout is over).
  boost::asio::awaitable<StopReport> stopped();

  /// Any thread.
  ConsumerStats stats() const;

 private:
  class Impl;
  explicit Consumer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace nsq::client
