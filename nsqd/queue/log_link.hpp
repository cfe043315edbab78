#pragma once

#include <atomic>
#include <memory>

#include "nsqd/queue/log.hpp"

namespace nsqd {

/// What a topic's channels need of the topic's place in the log. Shared by the topic and its
/// channels; thread-safe.
struct LogLink {
  LogLink(Log& the_log, std::weak_ptr<Topic> the_topic)
      : log(the_log), topic(std::move(the_topic)) {}

  Log& log;
  const std::weak_ptr<Topic> topic;

  /// The topic's CommitMark, for who holds another lock: up to here the log may be read.
  std::atomic<Offset> committed{0};
  /// A channel waits for `committed` to move. Set before `committed` is read for the last time.
  std::atomic<bool> awaited{false};
  /// The topic changed since its cursors were written.
  std::atomic<bool> dirty{false};

  /// Asks for the cursors to be written. Callers may hold locks.
  void touch() noexcept {
    if (dirty.load(std::memory_order_relaxed)) return;
    dirty.store(true, std::memory_order_release);
    log.touch();
  }
};

}  // namespace nsqd
