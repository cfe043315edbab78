#include "clients/tools/nsq_bench/health.hpp"

namespace nsq::bench {

void Health::fail(const std::string& what) {
  const MutexLock lock(mu_);
  ++errors_;
  if (!failed_.load(std::memory_order_relaxed)) first_ = what;
  failed_.store(true, std::memory_order_release);
}

void Health::note(const std::string& what) {
  const MutexLock lock(mu_);
  if (errors_++ == 0) first_ = what;
}

std::uint64_t Health::errors() const {
  const MutexLock lock(mu_);
  return errors_;
}

std::string Health::first_error() const {
  const MutexLock lock(mu_);
  return first_;
}

}  // namespace nsq::bench
