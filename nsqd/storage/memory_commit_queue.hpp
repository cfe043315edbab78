#pragma once

#include <deque>

#include "nsqd/storage/commit_queue.hpp"

namespace nsqd {

/// The CommitQueue of a broker that keeps its messages in memory only: a commit always succeeds, at
/// the end of the turn.
class MemoryCommitQueue final : public CommitQueue {
 public:
  Ticket append(const Topic& topic, const Run& run) override;
  void when_committed(Ticket ticket, Callback done) override;
  bool commit() override;

 private:
  Ticket open_ = 1;  // the ticket of this turn's publishes
  bool appended_ = false;
  std::deque<Callback> waiting_;
};

}  // namespace nsqd
