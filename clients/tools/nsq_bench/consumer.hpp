#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "clients/tools/nsq_bench/fin_batch.hpp"
#include "clients/tools/nsq_bench/health.hpp"
#include "clients/tools/nsq_bench/histogram.hpp"
#include "clients/tools/nsq_bench/loop.hpp"
#include "clients/tools/nsq_bench/tracker.hpp"

namespace nsq::bench {

/// Where a consumer notes what it got; shared by all of a thread's consumers of a channel.
struct ChannelRecord {
  explicit ChannelRecord(std::optional<std::uint16_t> run) : tracker(run) {}
  Tracker tracker;
  std::uint64_t early = 0;  ///< arrived before the time in the body
};

/// A connection that is subscribed, receives, and finishes what it receives.
/// Lives on its loop's thread; the counters may be read from any.
class Consumer : public Endpoint {
 public:
  /// @param rdy      0: takes nothing, and only answers heartbeats.
  /// @param latency  gets the time from the one in the body to the arrival, in ns; may be null.
  Consumer(Loop& loop, Health& health, Connection connection, std::int64_t rdy,
           ChannelRecord& record, Histogram* latency, FinBatch& fins);

  /// Gives the connection to the loop. Call once, before Loop::run.
  Result<void> attach() { return link_.watch(*this, false); }

  void start(std::int64_t now) override;
  void on_events(std::uint32_t events, std::int64_t now) override;
  void finish() override;

  // Written by the loop's thread alone; relaxed, as nothing else depends on them.
  std::uint64_t received() const noexcept { return received_.load(std::memory_order_relaxed); }
  std::int64_t last_receive() const noexcept {
    return last_receive_.load(std::memory_order_relaxed);
  }

 private:
  void read();
  void on_message(std::string_view data, std::int64_t now);
  void on_response(std::uint32_t type, std::string_view data);
  void send(std::string_view commands);
  void flush();
  void fail(const std::string& what);

  Link link_;
  Health& health_;
  std::int64_t rdy_;
  ChannelRecord& record_;
  Histogram* latency_;
  FinBatch& fins_;
  std::string pending_;  // what the socket did not take; at most `rdy` FINs
  std::uint64_t count_ = 0;
  bool broken_ = false;

  std::atomic<std::uint64_t> received_ = 0;
  std::atomic<std::int64_t> last_receive_ = 0;
};

}  // namespace nsq::bench
