#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "common/base/result.hpp"
#include "nsqd/queue/block.hpp"

namespace nsqd {

class Topic;

/// A publish's place in the order of one journal's commits. 0: nothing to wait for.
using Ticket = std::uint64_t;

/// A channel's number within its topic, never used twice. 0: the topic itself, all channels.
using ChannelId = std::uint32_t;

/// No place in the log.
inline constexpr Offset kNowhere = std::numeric_limits<Offset>::max();

/// For whom messages of the log are, where that is not everybody.
struct Audience {
  ChannelId channel = 0;  ///< only this channel, unless 0
  /// No channel that starts behind this offset; nothing: behind each message's own.
  std::optional<Offset> born;
  /// Where the messages, in their order, were in the log before: a cursor that still has them there
  /// is out of date. Empty: nowhere.
  std::vector<Offset> homes;

  bool everybody() const noexcept { return channel == 0 && !born; }
};

/// When a deferred message is due, in Unix nanoseconds, and its number, which is unique within the
/// topic: the order in which deferred messages become due.
struct DuePoint {
  std::int64_t due = 0;
  Offset number = 0;

  friend auto operator<=>(const DuePoint&, const DuePoint&) = default;
};

/// A message that waits for its time. Its run holds it alone, in a block of its own.
struct DeferredMessage {
  DuePoint at;
  ChannelId channel = 0;  ///< for this channel only (REQ), or for all (DPUB)
  bool stored = false;    ///< the log has it too (or will)
  /// Where the log had it when a consumer deferred it: that place counts as acknowledged, whatever
  /// an older cursor says.
  Offset home = kNowhere;
  Run run;
};

/// One thread's way into the log. A thread's publishes are gathered and committed together at the
/// end of its loop turn; the publisher is answered when the ticket that it got is committed, never
/// before. When a commit has ended, either way, each topic is told (Topic::settled).
///
/// Lives on one thread, so it needs no lock of its own; everything is called under the topic's lock
/// and does plain memory work only. What is taken in keeps its blocks alive until the commit.
class Journal {
 public:
  virtual ~Journal() = default;

  /// Why nothing can be written at present: publishes that need the log must be refused.
  virtual nsq::Result<void> available() const = 0;

  /// Takes `run` into the open commit.
  virtual Ticket append(Topic& topic, const Run& run, const Audience& audience) = 0;

  /// Takes a deferred message into the open commit.
  virtual Ticket defer(Topic& topic, const DeferredMessage& message) = 0;

  /// Removes a deferred message, together with what the open commit appends.
  virtual void drop_deferred(Topic& topic, const DeferredMessage& message) = 0;

  /// Removes a deferred message that nobody wants any more. The topic is told how that ended.
  virtual void discard_deferred(Topic& topic, const DeferredMessage& message) = 0;
};

}  // namespace nsqd
