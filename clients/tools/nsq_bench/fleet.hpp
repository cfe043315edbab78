#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "clients/tools/nsq_bench/consumer.hpp"
#include "clients/tools/nsq_bench/dial.hpp"
#include "clients/tools/nsq_bench/options.hpp"
#include "clients/tools/nsq_bench/publisher.hpp"

namespace nsq::bench {

/// The name of one of several topics.
std::string numbered_topic(const std::string& prefix, std::uint64_t number);

/// Everything that takes part in a run: the threads with their loops, and the connections spread
/// over them. Built, started, watched and stopped by one thread; the counters are of any time, the
/// records (trackers, histograms) of the time after join().
class Fleet {
 public:
  explicit Fleet(std::int64_t threads);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  /// Opens `options.connections` publishers that share the options' messages, time and rate.
  /// @param run  identifies the messages; the n-th publisher's are numbered from 0.
  Result<void> add_publishers(const Options& options, const Command& command, ScanReplies scan,
                              std::uint16_t run);

  /// Opens `options.consumers` consumers of the topic for each of `channels`.
  /// @param run      whose messages are expected; none: the first message's.
  /// @param latency  whether to record the time from the one in the body to the arrival.
  Result<void> add_consumers(const Options& options, const std::vector<std::string>& channels,
                             std::optional<std::uint16_t> run, bool latency);

  /// Opens `count` subscriptions that take no message and answer heartbeats, as the topics
  /// `<options.topic>0` and so on have turns.
  Result<void> add_idle_subscriptions(const Options& options, std::uint64_t count);

  /// Keeps publishers from running further ahead of the slowest channel than `messages`. Before
  /// add_publishers.
  void limit_backlog(std::uint64_t messages) { window_ = messages; }

  void start();
  /// Stops and joins the threads. Once.
  void join();
  std::int64_t started_at() const noexcept { return started_at_; }

  Health& health() noexcept { return health_; }

  // Messages, so far.
  std::uint64_t sent() const noexcept;
  std::uint64_t answered() const noexcept;
  std::uint64_t received() const noexcept;
  /// By the channel that got the fewest.
  std::uint64_t received_by_slowest() const noexcept;
  bool published() const noexcept;  ///< every publisher is done
  std::int64_t last_answer() const noexcept;
  std::int64_t last_receive() const noexcept;

  // After join().
  std::vector<std::uint64_t> sent_by_publisher() const;
  std::size_t channels() const noexcept { return by_channel_.size(); }
  /// What all threads saw of the channel.
  Tracker channel(std::size_t index) const;
  std::uint64_t early() const noexcept;
  std::unique_ptr<Histogram> latency() const;
  std::unique_ptr<Histogram> answer_latency() const;

 private:
  struct Worker {
    Loop loop;
    FinBatch fins;
    Histogram latency;
    std::vector<std::unique_ptr<ChannelRecord>> records;  // by channel
    std::jthread thread;
  };

  std::uint64_t allowance() const noexcept;
  PublisherPlan plan_for(const Options& options, std::size_t messages_per_command,
                         std::uint64_t publisher, std::uint16_t run) const;

  Dialer dialer_;  // outlives the connections
  Health health_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  std::vector<std::unique_ptr<Consumer>> consumers_;
  std::vector<std::vector<const Consumer*>> by_channel_;
  std::uint64_t window_ = 0;
  std::int64_t started_at_ = 0;
};

}  // namespace nsq::bench
