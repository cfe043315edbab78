#pragma once

#include <cstdint>

#include "nsqd/queue/block.hpp"

namespace nsqd {

class Topic;

/// A publish's place in the order of one journal's commits. 0: nothing to wait for.
using Ticket = std::uint64_t;

/// One thread's way into the log. A thread's publishes are gathered and committed together at the
/// end of its loop turn; the publisher is answered when the ticket that it got is committed, never
/// before.
///
/// Lives on one I/O thread, so it needs no lock of its own; `append` is called under the topic's
/// lock and does plain memory work only.
class Journal {
 public:
  virtual ~Journal() = default;

  /// Takes `run`, just published to `topic`, into the open commit. Keeps the block alive until
  /// then.
  virtual Ticket append(const Topic& topic, const Run& run) = 0;
};

}  // namespace nsqd
