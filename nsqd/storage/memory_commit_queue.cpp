#include "nsqd/storage/memory_commit_queue.hpp"

#include <utility>

namespace nsqd {

Ticket MemoryCommitQueue::append(const Topic& /*topic*/, const Run& /*run*/) {
  appended_ = true;
  return open_;
}

void MemoryCommitQueue::when_committed(Ticket /*ticket*/, Callback done) {
  // Tickets of earlier turns are committed and later ones do not exist yet, so the order of the
  // calls is the order of the tickets.
  waiting_.push_back(std::move(done));
}

bool MemoryCommitQueue::commit() {
  if (std::exchange(appended_, false)) ++open_;
  // A callback may publish again: what it adds belongs to the next turn.
  auto ready = std::exchange(waiting_, {});
  for (auto& done : ready) done({});
  return appended_ || !waiting_.empty();
}

}  // namespace nsqd
