#pragma once

#include <atomic>
#include <string>

#include "common/base/mutex.hpp"

namespace nsqd {

/// Whether the last write to the disk succeeded: what /ping and /stats tell. Thread-safe.
/// Source: spec/nsqd.md 6.3.
class Health {
 public:
  /// A write succeeded. Cheap while all is well, so call it for each one.
  void set_ok();

  /// A write failed, for this reason.
  void set_failed(std::string reason);

  bool ok() const noexcept { return ok_.load(std::memory_order_acquire); }

  /// "OK", or "NOK - <reason>".
  std::string text() const;

 private:
  std::atomic<bool> ok_{true};  // true only if reason_ is empty
  mutable nsq::Mutex mutex_;
  std::string reason_ NSQ_GUARDED_BY(mutex_);
};

}  // namespace nsqd
