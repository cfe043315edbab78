#pragma once

#include <map>

#include "nsqd/queue/block.hpp"

namespace nsqd {

/// Up to where a topic's log is complete. Commits of several threads end in any order; what lies
/// below `end()` is committed, or will never be (a commit that failed, an offset without a
/// message), and may be read and be forgotten by. Guarded by the topic's lock.
class CommitMark {
 public:
  CommitMark() = default;
  explicit CommitMark(Offset end) : end_(end) {}

  Offset end() const noexcept { return end_; }

  /// [begin, end) is settled. Each offset is settled once. @return whether end() moved.
  bool settle(Offset begin, Offset end);

 private:
  Offset end_ = 0;
  std::map<Offset, Offset> beyond_;  // settled ranges above end_, by their begin
};

}  // namespace nsqd
