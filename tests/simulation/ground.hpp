#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "nsqd/queue/broker.hpp"
#include "nsqd/storage/commit_queue.hpp"

namespace nsqd::sim {

/// The log under the simulated broker, and what happens to it.
class Ground {
 public:
  /// As many threads publish.
  static constexpr std::size_t kJournals = 3;
  /// @return a random number below its argument.
  using Below = std::function<std::uint64_t(std::uint64_t)>;

  virtual ~Ground() = default;

  virtual Log& log() = 0;
  virtual CommitQueue& journal(std::size_t which) = 0;

  /// Brings a new broker to where the log is, and makes new journals.
  virtual void open(Broker& broker) = 0;
  /// Ends in good order.
  virtual void stop(Broker& broker) = 0;
  /// Ends as by kill -9.
  virtual void crash() = 0;

  /// Some of what is on its way gets on, or fails.
  virtual void progress(const Below& below) = 0;
  /// All of it ends well.
  virtual void settle() = 0;
  /// Whether nothing is on its way.
  virtual bool quiet() const = 0;

  /// Whether the disk is full: publishes may be refused, and nothing can be saved.
  virtual bool full() const = 0;
  /// Writes cursors. REQUIRES: not full.
  virtual void save(Broker& broker) = 0;

  /// Runs `done` when what the journal's open turn got is committed; never if it fails.
  virtual void when_turn_committed(std::size_t journal, std::function<void()> done) = 0;
};

/// On a MemoryLog: deterministic. `now` outlives it. @param may_fail  commits fail now and then,
/// and the disk is full.
std::unique_ptr<Ground> make_memory_ground(const nsq::Now& now, bool may_fail);

}  // namespace nsqd::sim
