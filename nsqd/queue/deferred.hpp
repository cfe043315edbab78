#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "common/base/clock.hpp"
#include "nsqd/queue/block.hpp"

namespace nsqd {

/// Messages that are not due yet, by due time; those due at the same moment in the order of their
/// offsets. Each lies in a block of its own (see copy_out), so what a message costs here is its
/// frame and 32 bytes. Guarded by its owner's lock.
class Deferred {
 public:
  std::uint64_t count() const noexcept { return heap_.size(); }
  bool empty() const noexcept { return heap_.empty(); }

  /// When the first message is due.
  std::optional<nsq::MonoTime> next_due() const noexcept;

  /// REQUIRES: a one-message run that starts its block and is all of it.
  void push(Run run, nsq::MonoTime due);

  /// Takes the first message if it is due at `now`.
  std::optional<Run> pop_due(nsq::MonoTime now);

  struct Item {
    Run run;
    nsq::MonoTime due;
  };
  /// Takes everything, first due first.
  std::vector<Item> take_all();

  void clear() noexcept { heap_.clear(); }

 private:
  struct Entry {
    nsq::MonoTime due;
    BlockPtr block;
    Offset offset;
    std::uint16_t attempts;
  };
  static bool later(const Entry& a, const Entry& b) noexcept;
  static Run to_run(Entry entry) noexcept;

  // A deque, not a vector: growing never holds the old and the new array at once.
  std::deque<Entry> heap_;
};

}  // namespace nsqd
