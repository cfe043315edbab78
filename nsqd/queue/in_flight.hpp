#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "common/base/clock.hpp"
#include "nsqd/queue/backlog.hpp"

namespace nsqd {

/// The messages that a channel has handed to consumers and that are not answered yet, by id and by
/// deadline. Constant time for delivery and answer; a message costs one 80-byte slot, and blocks
/// are counted per run, not per message. Guarded by the channel's lock.
class InFlight {
 public:
  /// A message's place here, valid until it is removed.
  using Slot = std::uint32_t;

  struct Message {
    std::uint64_t id = 0;
    Offset offset = 0;
    std::uint64_t owner = 0;  ///< the connection's number; it may have left
    nsq::MonoTime delivered_at;
    nsq::MonoTime deadline;
    std::uint32_t begin = 0;  ///< the frame's bytes in its block
    std::uint32_t end = 0;
    std::uint16_t attempts = 0;  ///< deliveries, this one included
    bool logged = false;         ///< as Run::logged
  };

  /// Enters every message of `run`, as just delivered to connection `owner` for the (attempts +
  /// 1)th time.
  void add(const Run& run, std::uint64_t owner, nsq::MonoTime now, nsq::Nanoseconds timeout);

  std::uint64_t count() const noexcept { return by_id_.size(); }

  std::optional<Slot> find(std::uint64_t id) const;
  const Message& at(Slot slot) const noexcept { return slots_[slot].message; }

  /// When the message was published.
  nsq::WallTime published_at(Slot slot) const noexcept;
  /// The same of the oldest of those whose timers were started longest ago; nothing: none is here.
  std::optional<nsq::WallTime> oldest() const;
  /// Memory of the messages' slots, in bytes, free ones included.
  std::uint64_t bytes_reserved() const noexcept;

  /// Restarts the timer: now + timeout, but no later than delivery + max_timeout.
  void touch(Slot slot, nsq::MonoTime now, nsq::Nanoseconds timeout, nsq::Nanoseconds max_timeout);

  /// Forgets the message.
  void remove(Slot slot);

  /// Forgets the message and gives it back as a run of one, its attempts counted.
  Run take(Slot slot);

  /// The message with the first deadline, if that is not after `now`.
  std::optional<Slot> first_due(nsq::MonoTime now) const;
  std::optional<nsq::MonoTime> next_deadline() const;

  /// The logged messages that lie below this offset.
  std::vector<Slot> logged_below(Offset before) const;
  /// The message as a run of its own.
  Run run_of(Slot slot) const;
  /// The message is at another place in the log now, and in a block of its own.
  void move(Slot slot, const Run& run);

  /// The log does not have what lies at [begin, end) after all.
  void unlog(Offset begin, Offset end);

  /// Adds each message that only memory has to `into`, as a run of its own.
  void give_unlogged(std::map<Offset, Run>& into) const;
  /// Adds the new places of these messages to `backlog`. They stay here, but are not logged.
  void move_unlogged(const std::map<Offset, Offset>& places, Backlog& backlog) const;

  void clear();

  /// Calls `visit(message)` for each, mostly in the order of delivery.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& list : lists_) {
      for (Slot slot = list.head; slot != kNone; slot = slots_[slot].next) {
        visit(slots_[slot].message);
      }
    }
    for (const auto& [deadline, slot] : capped_) visit(slots_[slot].message);
  }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// A block that some slots point into; counted here so that an answer touches no shared counter.
  struct BlockUse {
    BlockPtr block;
    std::uint32_t slots = 0;
  };

  struct Node {
    Message message;
    std::uint32_t use = kNone;   // index into uses_
    std::uint32_t list = kNone;  // index into lists_; kNone: in capped_
    Slot previous = kNone;
    Slot next = kNone;
  };

  /// Messages with one timeout, in the order of their deadlines: as latest_ does not go back, the
  /// newest is always the last. There are as many lists as different timeouts, mostly one.
  struct TimeoutList {
    nsq::Nanoseconds timeout;
    Slot head = kNone;
    Slot tail = kNone;
  };

  /// `now`, or what was the latest before: callers read the clock before they take the lock.
  nsq::MonoTime forward(nsq::MonoTime now);
  Slot new_slot();
  std::uint32_t new_use(const BlockPtr& block, std::uint32_t slots);
  std::uint32_t list_for(nsq::Nanoseconds timeout);
  void link_last(Slot slot, std::uint32_t list);
  void unlink(Slot slot);
  void release_use(std::uint32_t use);

  nsq::MonoTime latest_{};
  boost::unordered_flat_map<std::uint64_t, Slot> by_id_;
  std::vector<Node> slots_;
  std::vector<Slot> free_slots_;
  std::vector<BlockUse> uses_;
  std::vector<std::uint32_t> free_uses_;
  std::vector<TimeoutList> lists_;
  // Touched messages whose deadline was cut to delivery + max_timeout: out of the lists' order.
  std::set<std::pair<nsq::MonoTime, Slot>> capped_;
};

}  // namespace nsqd
