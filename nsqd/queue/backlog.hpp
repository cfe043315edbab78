#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "nsqd/queue/block.hpp"

namespace nsqd {

/// Messages named by their place in the log: those of [begin, end) that are the channel's own,
/// which are `count`. Offsets in between may belong to no message, or to none of this channel.
struct LogRange {
  Offset begin = 0;
  Offset end = 0;
  std::uint64_t count = 0;
  std::uint16_t attempts = 0;  ///< deliveries so far; the log may know of more

  friend bool operator==(const LogRange&, const LogRange&) = default;
};

/// What waits in the log instead of in memory, in the order in which it is to be read. Costs 32
/// bytes a range, and ranges that continue each other are one. Guarded by its owner's lock.
class Backlog {
 public:
  std::uint64_t count() const noexcept { return count_; }
  bool empty() const noexcept { return ranges_.empty(); }
  const LogRange& front() const noexcept { return ranges_.front(); }
  const std::deque<LogRange>& ranges() const noexcept { return ranges_; }

  /// Adds messages that were published behind all that was appended before. If nothing of the
  /// channel's lies in the gap between the two, which is so if that begins at `clean_from` or
  /// later, they become one range.
  void append(const LogRange& range, Offset clean_from);

  /// Adds messages from anywhere in the log.
  void add(const LogRange& range);

  /// The front range was read up to `next` and held `messages` messages there. When that ends the
  /// range, what it was believed to hold beyond them is forgotten.
  void advance(Offset next, std::uint64_t messages);

  /// The messages at [begin, end) will never be in the log. REQUIRES: CommitMark::end <= begin.
  void withdraw(Offset begin, Offset end);

  void clear() noexcept;

 private:
  std::deque<LogRange> ranges_;
  std::uint64_t count_ = 0;
  bool open_ = false;  // the last range is what append() continues
};

/// How many of the channel's messages the log holds at [begin, end).
using CountInLog = std::function<std::uint64_t(Offset begin, Offset end)>;

/// The sorted `ranges` without the messages at these offsets. `count_in_log` is asked where a range
/// that has gaps is cut in two.
std::vector<LogRange> without(std::vector<LogRange> ranges, std::vector<Offset> offsets,
                              const CountInLog& count_in_log);

/// Sorted by offset, with what continues each other merged.
std::vector<LogRange> merged(std::vector<LogRange> ranges);

}  // namespace nsqd
