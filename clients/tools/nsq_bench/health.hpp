#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "common/base/mutex.hpp"

namespace nsq::bench {

/// What went wrong during a run. Threads: a monitor, callable from any; one a run.
class Health {
 public:
  /// Something that ends the run: a connection lost, a fatal error frame.
  void fail(const std::string& what) NSQ_EXCLUDES(mu_);
  /// Something to report that the run survives: E_FIN_FAILED and its like.
  void note(const std::string& what) NSQ_EXCLUDES(mu_);

  bool failed() const noexcept { return failed_.load(std::memory_order_acquire); }
  std::uint64_t errors() const NSQ_EXCLUDES(mu_);
  /// The first thing that went wrong, a fatal one by preference; empty when nothing did.
  std::string first_error() const NSQ_EXCLUDES(mu_);

 private:
  mutable Mutex mu_;
  std::string first_ NSQ_GUARDED_BY(mu_);
  std::uint64_t errors_ NSQ_GUARDED_BY(mu_) = 0;
  std::atomic<bool> failed_ = false;  // polled by the supervisor; the text is read under the lock
};

}  // namespace nsq::bench
