#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "clients/nsq/address.hpp"
#include "clients/nsq/config.hpp"
#include "common/base/log.hpp"
#include "common/base/result.hpp"

namespace nsq::client {

/// What is known about a publish when it is over. Source: spec/client.md 12.2.
enum class Outcome : std::uint8_t {
  acknowledged,  ///< the nsqd has it
  rejected,      ///< the nsqd refused it, and says why; safe to retry
  not_sent,      ///< never left this process; safe to retry
  unknown,       ///< written, but no answer came; a retry may publish twice
};

/// Errc::rejected is `rejected`, Errc::unknown_outcome is `unknown`, any other error `not_sent`.
Outcome outcome_of(const Result<void>& result) noexcept;

/// Counts since construction.
struct ProducerStats {
  std::uint64_t acknowledged = 0;
  std::uint64_t rejected = 0;  ///< by the server
  std::uint64_t not_sent = 0;
  std::uint64_t unknown = 0;
  std::uint64_t connects = 0;
  std::size_t outstanding = 0;  ///< now: accepted and not over
};

/// Publishes to one nsqd over one connection, made when first needed and made again by the next
/// publish after it ended.
///
/// Any number of publishes may be under way: they are written in the order of the calls and
/// answered in that order. What breaks the server's rules locally (names, empty or oversized
/// bodies) fails before anything is written, since the server would end the connection with all
/// that is behind. After `publish_timeout` a publish is over: not sent, or unknown, in which case
/// the connection is closed, for its answers can no longer be matched. At most
/// `max_outstanding_messages` and `max_outstanding_bytes` are on the wire; as many again may wait,
/// further ones fail at once.
///
/// Lives on its executor (see README.md), where it must be called and destroyed (or when that runs
/// no more). Awaitables may outlive it: they end with "stopped". Source: spec/client.md 12.
class Producer {
 public:
  /// Called on the executor, never from within the call that it was given to.
  using Completion = std::function<void(Result<void>)>;

  /// Connects to nothing yet. Errc::bad_config with the text of Config::freeze.
  static Result<std::unique_ptr<Producer>> create(boost::asio::any_io_executor executor,
                                                  Address nsqd, const Config& config,
                                                  Logger logger = {});
  /// As stop() without waiting for anything.
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  boost::asio::awaitable<Result<void>> publish(std::string topic, std::string body);
  /// All or none, in one command.
  boost::asio::awaitable<Result<void>> multi_publish(std::string topic,
                                                     std::vector<std::string> bodies);
  /// To be delivered after `delay`, of which whole milliseconds count; below 0 is refused, above
  /// the server's maximum (1 h by default) too, by the server.
  boost::asio::awaitable<Result<void>> deferred_publish(std::string topic, Nanoseconds delay,
                                                        std::string body);
  /// Connects if need be and writes a NOP.
  boost::asio::awaitable<Result<void>> ping();

  // The same with callbacks.
  void publish(std::string topic, std::string body, Completion done);
  void multi_publish(std::string topic, std::vector<std::string> bodies, Completion done);
  void deferred_publish(std::string topic, Nanoseconds delay, std::string body, Completion done);
  void ping(Completion done);

  /// Waits until everything accepted so far is over, for at most `limit`: Errc::timed_out.
  boost::asio::awaitable<Result<void>> flush(Nanoseconds limit);
  /// Refuses further publishes ("stopped"), waits for those under way for at most `limit`, closes.
  boost::asio::awaitable<Result<void>> stop(Nanoseconds limit = Seconds(5));

  const Address& nsqd() const noexcept;
  ProducerStats stats() const;

 private:
  class Impl;
  explicit Producer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace nsq::client
