#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "common/base/clock.hpp"
#include "common/base/mutex.hpp"

namespace nsqd {

/// Something that must be looked at when a moment has come.
class Expirable {
 public:
  virtual ~Expirable() = default;

  /// Does what is due at `now` and arms the index again for what comes next. No lock is held.
  virtual void expire(nsq::Now now) = 0;

 private:
  friend class DeadlineIndex;

  struct Armed {
    nsq::MonoTime when;
    std::uint64_t serial;
    friend auto operator<=>(const Armed&, const Armed&) = default;
  };
  std::optional<Armed> armed_;  // guarded by the index's lock
};

/// The process's one index of next deadlines, one entry an object, for one timer: what is idle
/// costs nothing, and nothing is scanned. Entries are weak: an object may go while it is armed.
///
/// Thread-safe; a leaf lock, so callers may hold theirs. Time comes in, hence tests drive it by
/// hand.
class DeadlineIndex {
 public:
  /// @param on_earlier called, without the lock, when the first deadline became earlier: the timer
  ///                   must be set again. May be called from any thread that calls arm().
  explicit DeadlineIndex(std::function<void()> on_earlier = {});

  /// Makes sure that `target` is looked at no later than `when`. A later `when` than the armed one
  /// changes nothing: the target is looked at early and arms itself again.
  void arm(const std::shared_ptr<Expirable>& target, nsq::MonoTime when);

  /// Forgets `target`. For what goes away before its deadline, so that nothing of it stays.
  void disarm(const std::shared_ptr<Expirable>& target);

  /// The first deadline.
  std::optional<nsq::MonoTime> next() const;

  /// Looks at each object whose deadline is not after `now`, once.
  void expire_due(nsq::Now now);

 private:
  const std::function<void()> on_earlier_;
  mutable nsq::Mutex mutex_;
  std::uint64_t last_serial_ NSQ_GUARDED_BY(mutex_) = 0;
  std::map<Expirable::Armed, std::weak_ptr<Expirable>> entries_ NSQ_GUARDED_BY(mutex_);
};

}  // namespace nsqd
