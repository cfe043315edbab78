#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <boost/intrusive/list.hpp>

#include "common/base/clock.hpp"
#include "nsqd/queue/waker.hpp"

namespace nsqd {

/// How near a consumer is to this nsqd. Source: spec/nsqd.md 5.15.
enum class Locality : std::uint8_t { elsewhere, region, zone };

/// What a connection brings along when it subscribes.
struct ConsumerOptions {
  std::uint64_t connection =
      0;  ///< the connection's number, unique in the process: who owns a message
  nsq::Nanoseconds msg_timeout{};
  int sample_rate =
      0;  ///< 0: every message; 1..99: each with (rate + 1) % probability, the rest discarded
  Locality locality = Locality::elsewhere;  ///< nearer consumers are served first
};

/// A consumer's counts, as `/stats` shows them.
struct ConsumerStats {
  std::uint64_t connection = 0;
  std::int64_t ready_count = 0;
  std::int64_t in_flight_count = 0;
  std::uint64_t message_count = 0;
  std::uint64_t finish_count = 0;
  std::uint64_t requeue_count = 0;
};

/// A subscription of one connection to one channel. Owned by the connection and by the channel
/// until it leaves; all its state is guarded by the channel's lock and touched by Channel only.
class Consumer {
 public:
  Consumer(ConsumerOptions options, std::shared_ptr<Waker> waker)
      : options_(options), waker_(std::move(waker)) {}

 private:
  friend class Channel;

  /// Where the consumer stands between the channel and its connection.
  enum class Turn : std::uint8_t {
    full,    ///< takes nothing now: its ceiling is reached, RDY is 0, or it is closing
    hungry,  ///< in the channel's line: will be woken when there is something
    awake,   ///< woken or at work: will pull by itself
  };

  bool has_room() const noexcept { return !closing_ && in_flight_ < ready_; }

  const ConsumerOptions options_;
  const std::shared_ptr<Waker> waker_;
  boost::intrusive::list_member_hook<> line_hook_;  // linked while hungry
  Turn turn_ = Turn::full;
  bool closing_ = false;  // CLS: nothing more is delivered
  std::int64_t ready_ = 0;
  std::int64_t in_flight_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t finished_ = 0;
  std::uint64_t requeued_ = 0;
};

}  // namespace nsqd
