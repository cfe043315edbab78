#pragma once

#include <cstdint>
#include <vector>

#include "nsqd/queue/backlog.hpp"

namespace nsqd {

/// What has to be known of a channel, or of the messages that a topic itself keeps, to go on after
/// a restart: which messages of the log are not acknowledged yet.
struct Cursor {
  /// Messages that were published or deferred at a smaller offset are not the channel's: they came
  /// before it was created or emptied.
  Offset start = 0;
  /// The same for messages that the channel itself deferred: beyond `start` if it was emptied while
  /// its topic held messages that it will still get.
  Offset emptied = 0;
  /// Up to here the log was handed to the channel. What lies beyond is the channel's in full.
  Offset end = 0;
  /// Deferred messages that the channel will get.
  std::uint64_t deferred = 0;
  /// The messages below `end` that are not acknowledged, sorted, without overlap.
  std::vector<LogRange> unacked;

  /// Nothing below is needed any more.
  Offset floor() const noexcept { return unacked.empty() ? end : unacked.front().begin; }

  /// Whether a message that was published or deferred at `born` is the channel's. @param own  it
  /// is for this channel only.
  bool wants(Offset born, bool own) const noexcept { return born >= (own ? emptied : start); }

  /// Leaves out what is not committed: what lies at or above `committed` is read anew after a
  /// crash.
  void clip(Offset committed);

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

}  // namespace nsqd
