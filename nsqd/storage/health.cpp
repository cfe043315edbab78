#include "nsqd/storage/health.hpp"

#include <utility>

namespace nsqd {

void Health::set_ok() {
  if (ok()) return;
  const nsq::MutexLock lock(mutex_);
  reason_.clear();
  ok_.store(true, std::memory_order_release);
}

void Health::set_failed(std::string reason) {
  const nsq::MutexLock lock(mutex_);
  reason_ = std::move(reason);
  ok_.store(false, std::memory_order_release);
}

std::string Health::text() const {
  if (ok()) return "OK";
  const nsq::MutexLock lock(mutex_);
  return ok() ? "OK" : "NOK - " + reason_;
}

}  // namespace nsqd
