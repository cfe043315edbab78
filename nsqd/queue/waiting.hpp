#pragma once

#include <cstdint>
#include <deque>
#include <map>

#include "common/base/clock.hpp"
#include "nsqd/queue/backlog.hpp"

namespace nsqd {

/// Messages that wait for a consumer (of a channel) or for a channel (of a topic), oldest first.
/// Runs that continue each other are merged, so a backlog costs its bytes and nothing a message.
/// Guarded by its owner's lock.
class Waiting {
 public:
  std::uint64_t count() const noexcept { return count_; }
  /// Bytes of the frames.
  std::uint64_t bytes() const noexcept { return bytes_; }
  const std::deque<Run>& runs() const noexcept { return runs_; }
  bool empty() const noexcept { return count_ == 0; }

  void push(Run run);

  /// When the first message was published. REQUIRES: not empty.
  nsq::WallTime front_time() const noexcept;

  /// Bytes of the first message's frame. REQUIRES: not empty.
  std::uint32_t front_bytes() const noexcept;

  /// Takes up to `count` messages from the front, all of one run: at least one, and no more than
  /// `bytes` of frames unless the first alone is larger. REQUIRES: not empty.
  Run pop(std::uint32_t count, std::uint32_t bytes);

  /// The log does not have what lies at [begin, end) after all.
  void unlog(Offset begin, Offset end);

  /// Adds each message that only memory has to `into`, as a run of its own.
  void give_unlogged(std::map<Offset, Run>& into) const;
  /// Adds the new places of these messages to `backlog`. They stay here, but are not logged.
  void move_unlogged(const std::map<Offset, Offset>& places, Backlog& backlog) const;

  void clear() noexcept;

 private:
  std::deque<Run> runs_;
  std::uint64_t count_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace nsqd
