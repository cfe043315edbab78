#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "nsqd/queue/log.hpp"

namespace nsqd {

/// A topic's messages that are not due yet. In memory is what is due soon, up to the horizon; what
/// lies beyond is in the log only and is read in time, so that a million messages an hour away cost
/// nothing but disk. Guarded by its topic's lock. Times are Unix nanoseconds.
class Deferred {
 public:
  /// Where a message that a consumer deferred is in the log, until its new place is committed.
  struct Home {
    ChannelId channel = 0;
    Offset offset = kNowhere;
    std::uint16_t attempts = 0;
  };

  /// Whether a message of that due point would be kept in memory.
  bool is_near(DuePoint at, std::int64_t now) const noexcept;

  /// Adds a message. If it is stored, settled() must follow.
  void push(DeferredMessage message, std::int64_t now);

  /// The commit of a stored message ended. One that a consumer deferred is kept here if it failed.
  /// @return the message if it is nowhere any more.
  std::optional<DeferredMessage> settled(Offset number, bool ok);

  /// Takes the first message if it is due and its commit has ended.
  std::optional<DeferredMessage> pop_due(std::int64_t now);

  /// A message that pop_due returned went on to this place in the log.
  void moved(Offset number, Offset to);
  /// The log took messages that pop_due returned not at their new place: they come again, after a
  /// while, as the disk needs time to recover.
  void put_back(std::vector<DeferredMessage> messages, std::int64_t now);

  /// A message is on its way from a home to another place in the log.
  void pin(Home home, Offset to) { pins_.emplace(to, Pin{home, to}); }
  /// The log did not take what was to be put there: homes stay homes, and there are none there.
  void not_taken(Offset begin, Offset end);

  /// When to look again: something is due, or should be read. Nothing: not before something
  /// changes.
  std::optional<std::int64_t> next_look() const noexcept;

  struct Span {
    DuePoint from;
    DuePoint to;
  };
  /// What should be read now; take() must follow.
  std::optional<Span> start_read(std::int64_t now);
  void take(DeferredResult result);

  /// After a restart: so many are in the log.
  void restore(std::uint64_t stored) noexcept { far_ = stored; }
  bool empty() const noexcept {
    return heap_.empty() && far_ == 0 && unsettled_.empty() && put_back_.empty();
  }

  /// The homes that the log must still keep, given up to where it is committed.
  std::vector<Home> homes(Offset committed);

  /// All commits have ended: counts all as stored, and returns those that are not.
  std::vector<DeferredMessage> store_all();

  /// How many are stored.
  std::uint64_t stored() const noexcept;

 private:
  struct Unsettled {
    DeferredMessage message;
    bool far = false;   // not in the heap
    bool held = false;  // was due before its commit ended: goes back to the heap then
  };
  /// A read of [from, to) that is under way, or cut short and to be continued.
  struct Reading {
    DuePoint to;
    DuePoint first_beyond;  // of what may lie behind `to` unseen by the read
    bool running;
    boost::unordered_flat_set<Offset> seen;  // entered the heap already
  };
  /// A message that was to be stored and is not.
  struct Pin {
    Home home;
    Offset moved_to = 0;  // 0: not yet
  };

  static Home home_of(const DeferredMessage& message) noexcept {
    return {message.channel, message.home, message.run.attempts};
  }
  static bool later(const DeferredMessage& a, const DeferredMessage& b) noexcept;
  DuePoint near_end() const noexcept { return reading_ ? reading_->to : horizon_; }
  void push_heap(DeferredMessage message);
  void begin_reading(std::int64_t now);

  // A deque, not a vector: growing never holds the old and the new array at once.
  std::deque<DeferredMessage> heap_;
  std::vector<DeferredMessage> put_back_;  // due, but not to be tried before
  std::int64_t try_again_at_ = 0;
  std::uint64_t far_ = 0;
  DuePoint horizon_;  // all that is stored and due before is in the heap
  std::optional<Reading> reading_;
  boost::unordered_flat_map<Offset, Unsettled> unsettled_;
  // Messages that were to be stored and are not, or are on their way to another place.
  boost::unordered_flat_map<Offset, Pin> pins_;
};

}  // namespace nsqd
