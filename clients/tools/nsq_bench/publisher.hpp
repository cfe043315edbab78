#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "clients/tools/nsq_bench/command.hpp"
#include "clients/tools/nsq_bench/health.hpp"
#include "clients/tools/nsq_bench/histogram.hpp"
#include "clients/tools/nsq_bench/loop.hpp"
#include "clients/tools/nsq_bench/replies.hpp"

namespace nsq::bench {

inline constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

/// What one publisher has to do.
struct PublisherPlan {
  std::uint64_t identity = 0;           ///< of its first message
  std::uint64_t commands = kUnlimited;  ///< ends after that many
  Nanoseconds run_for{0};               ///< ends after that time; 0: no such end
  double interval_ns = 0;  ///< from one command to the next; 0: as fast as answers come
  double offset_ns = 0;    ///< of the first command's time, so that publishers take turns
  bool deferred = false;   ///< each command gets a delay, uniformly from the two below
  std::uint64_t delay_min_ms = 0;
  std::uint64_t delay_max_ms = 0;
  /// How many messages may be sent now, all publishers together; null: any number.
  std::function<std::uint64_t()> allowance = nullptr;
};

/// A connection that publishes: keeps up to `depth` commands unanswered. Paced by an absolute
/// schedule, it stamps each message with the time it was meant to go, so that a server that stalls
/// is charged for the messages it held up too.
/// Lives on its loop's thread; the counters may be read from any.
class Publisher : public Endpoint {
 public:
  /// @param depth  slots of the ring of commands.
  Publisher(Loop& loop, Health& health, Connection connection, const Command& command,
            std::size_t depth, ScanReplies scan, PublisherPlan plan);

  /// Gives the connection to the loop. Call once, before Loop::run.
  Result<void> attach() { return link_.watch(*this, plan_.interval_ns > 0 || plan_.allowance); }

  void start(std::int64_t now) override;
  void on_events(std::uint32_t events, std::int64_t now) override;
  std::int64_t on_turn(std::int64_t now) override;

  // Written by the loop's thread alone; relaxed, as nothing else depends on them.
  std::uint64_t sent() const noexcept { return sent_.load(std::memory_order_relaxed); }
  std::uint64_t answered() const noexcept { return answered_.load(std::memory_order_relaxed); }
  std::int64_t last_answer() const noexcept { return last_answer_.load(std::memory_order_relaxed); }
  /// Everything planned was sent and answered.
  bool done() const noexcept { return done_.load(std::memory_order_acquire); }

  /// From the time a command was meant to go until its answer, in ns. After the run.
  const Histogram& answer_latency() const noexcept { return answer_latency_; }

 private:
  void pump(std::int64_t now);
  void issue(std::int64_t time);
  void flush();
  void read(std::int64_t now);
  void answer_heartbeat();
  bool exhausted(std::int64_t now) const noexcept;
  std::int64_t due(std::uint64_t command) const noexcept;
  void fail(const std::string& what);

  Link link_;
  Health& health_;
  ScanReplies scan_;
  PublisherPlan plan_;
  CommandRing ring_;
  std::vector<std::int64_t> times_;  // by slot: when its command was meant to go
  std::minstd_rand random_;
  Histogram answer_latency_;

  std::int64_t start_ = 0;
  std::int64_t stop_at_ = kNever;
  std::uint64_t issued_ = 0;    // commands
  std::uint64_t finished_ = 0;  // commands answered
  std::uint64_t written_ = 0;   // bytes, of issued_ commands
  bool broken_ = false;

  std::atomic<std::uint64_t> sent_ = 0;      // messages
  std::atomic<std::uint64_t> answered_ = 0;  // messages
  std::atomic<std::int64_t> last_answer_ = 0;
  std::atomic<bool> done_ = false;
};

}  // namespace nsq::bench
