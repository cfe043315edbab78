#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/mutex.hpp"
#include "nsqd/queue/broker.hpp"

namespace nsqd {

/// Something came or went.
struct Change {
  enum class Kind : std::uint8_t { created, deleted } kind = Kind::created;
  std::string topic;
  std::string channel{};  ///< empty: the topic itself
};

/// Commands for nsqlookupd, without their line ends.
using LookupCommands = std::vector<std::string>;

/// What nsqlookupd has to be told of a change. The broker is asked how it is now, since changes are
/// told by several threads and may come in another order than they happened: whatever the order,
/// what the last of them yields is right. Telling something twice is harmless.
///
/// What was deleted and exists anew is unregistered and registered again, which also takes a
/// tombstone away.
LookupCommands commands_for(const Change& change, const Broker& broker);

/// What a new connection has to be told: everything there is. A topic with channels has no line of
/// its own. Source: spec/nsqd.md 7.
LookupCommands all_commands(const Broker& broker);

/// Takes changes on any thread to the one that tells them. Bounded: past `limit` it forgets them
/// all and asks for a fresh start instead. Thread-safe.
class ChangeInbox {
 public:
  explicit ChangeInbox(std::size_t limit) : limit_(limit) {}

  /// @return whether it was empty: somebody should take() soon.
  [[nodiscard]] bool add(Change change) NSQ_EXCLUDES(mutex_);

  struct Taken {
    std::vector<Change> changes;
    bool overflowed = false;  ///< there were too many: what changed is unknown
  };
  Taken take() NSQ_EXCLUDES(mutex_);

 private:
  const std::size_t limit_;
  nsq::Mutex mutex_;  // a leaf
  Taken pending_ NSQ_GUARDED_BY(mutex_);
};

}  // namespace nsqd
