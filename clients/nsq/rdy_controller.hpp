#pragma once

#include <cstdint>
#include <vector>

#include "common/base/clock.hpp"

namespace nsq::client {

/// A RDY command to send.
struct RdyChange {
  std::uint64_t connection = 0;
  std::int64_t count = 0;

  friend bool operator==(const RdyChange&, const RdyChange&) = default;
};

/// Shares a budget of messages in flight among connections, as RDY counts.
///
/// With at least one message for each connection the budget is split evenly, within each one's
/// max_rdy_count; who gets the remainder changes as connections come and go, and every
/// low_rdy_timeout. With less, some have RDY 1, and redistribute() passes it on from those that are
/// idle or had it long.
///
/// Arithmetic only: every call takes the time and returns the commands to send, in order, decreases
/// first, so that the sum of what was sent never exceeds the budget; nothing is returned for what
/// does not change. Not thread-safe. Source: spec/client.md 7.
class RdyController {
 public:
  struct Timeouts {
    Nanoseconds idle;  ///< low_rdy_idle_timeout: without a message
    Nanoseconds held;  ///< low_rdy_timeout: in any case
  };
  using Changes = std::vector<RdyChange>;

  explicit RdyController(Timeouts timeouts) : timeouts_(timeouts) {}

  /// A connection became able to receive. `max_rdy` is the server's max_rdy_count.
  Changes add(std::uint64_t connection, std::int64_t max_rdy, MonoTime now);
  /// It is closing or closed: nothing is sent to it any more. Unknown ones are ignored.
  Changes remove(std::uint64_t connection, MonoTime now);
  Changes set_budget(std::int64_t budget, MonoTime now);
  /// It brought messages.
  void note_messages(std::uint64_t connection, MonoTime now);
  /// To be called every rdy_redistribute_interval.
  Changes redistribute(MonoTime now);

  std::int64_t budget() const noexcept { return budget_; }
  /// The sum of what the connections hold.
  std::int64_t total() const noexcept;
  /// What one holds; 0 for unknown ones.
  std::int64_t rdy(std::uint64_t connection) const noexcept;

 private:
  struct Peer {
    std::uint64_t connection;
    std::int64_t max_rdy;
    MonoTime waits_since;  // has RDY 0 from then on
    MonoTime last_message;
    MonoTime set_at;  // of the present RDY
    std::int64_t rdy = 0;
    std::int64_t target = 0;
  };

  Changes rebalance(MonoTime now);
  void share_evenly();
  void lend_singles(const std::vector<Peer*>& keep);
  Changes apply(MonoTime now);
  bool scarce() const noexcept;
  Peer* find(std::uint64_t connection) noexcept;

  Timeouts timeouts_;
  std::int64_t budget_ = 0;
  std::size_t rotation_ = 0;  // index of the first to get one more
  MonoTime rotated_at_{};
  std::vector<Peer> peers_;
};

}  // namespace nsq::client
