#include "nsqd/queue/deadline_index.hpp"

#include <vector>

namespace nsqd {

DeadlineIndex::DeadlineIndex(std::function<void()> on_earlier)
    : on_earlier_(std::move(on_earlier)) {}

void DeadlineIndex::arm(const std::shared_ptr<Expirable>& target, nsq::MonoTime when) {
  bool earlier = false;
  {
    const nsq::MutexLock lock(mutex_);
    auto& armed = target->armed_;
    if (armed && armed->when <= when) return;
    if (armed) entries_.erase(*armed);
    armed = {when, ++last_serial_};
    earlier = entries_.emplace(*armed, target).first == entries_.begin();
  }
  if (earlier && on_earlier_) on_earlier_();
}

void DeadlineIndex::disarm(const std::shared_ptr<Expirable>& target) {
  const nsq::MutexLock lock(mutex_);
  if (!target->armed_) return;
  entries_.erase(*target->armed_);
  target->armed_.reset();
}

std::optional<nsq::MonoTime> DeadlineIndex::next() const {
  const nsq::MutexLock lock(mutex_);
  if (entries_.empty()) return std::nullopt;
  return entries_.begin()->first.when;
}

void DeadlineIndex::expire_due(nsq::Now now) {
  std::vector<std::shared_ptr<Expirable>> due;
  {
    const nsq::MutexLock lock(mutex_);
    while (!entries_.empty() && entries_.begin()->first.when <= now.mono) {
      auto target = entries_.begin()->second.lock();
      entries_.erase(entries_.begin());
      if (!target) continue;
      target->armed_.reset();
      due.push_back(std::move(target));
    }
  }
  for (const auto& target : due) target->expire(now);
}

}  // namespace nsqd
