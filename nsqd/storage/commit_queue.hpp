#pragma once

#include <functional>

#include "common/base/result.hpp"
#include "nsqd/queue/journal.hpp"

namespace nsqd {

/// One I/O thread's open commit: what its connections publish during a loop turn is gathered here
/// and committed together at the turn's end, and the publishers are answered after that, in order.
///
/// Lives on its I/O thread: every function is called there, every callback runs there.
class CommitQueue : public Journal {
 public:
  using Callback = std::move_only_function<void(const nsq::Result<void>&)>;

  /// Runs `done` when `ticket` is committed, or with the error when that failed: then nothing of
  /// the ticket's publish is promised, and the publisher must be told so. Callbacks run in the
  /// order of their tickets, from commit() or later, never from within this call. Ticket 0 counts
  /// as committed.
  virtual void when_committed(Ticket ticket, Callback done) = 0;

  /// Whether so much waits for a slow disk that publishers should be read no further until they are
  /// answered.
  virtual bool congested() const = 0;

  /// Ends the turn: starts the commit of all that was appended, and tells who waited for what is
  /// committed. @return whether a callback left something for another turn, which must then come
  /// without waiting for an event: a publisher that was told may have published again.
  [[nodiscard]] virtual bool commit() = 0;
};

}  // namespace nsqd
