#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/mutex.hpp"

namespace nsqd {

/// The settings that PUT /config changes while the daemon runs, except the log level, which the
/// Logger keeps. They begin as the options have them and are not persisted. Thread-safe.
/// Source: spec/nsqd.md 6.6.
class RuntimeSettings {
 public:
  explicit RuntimeSettings(std::vector<std::string> lookupd_addresses)
      : lookupd_addresses_(std::move(lookupd_addresses)) {}

  std::vector<std::string> lookupd_addresses() const {
    const nsq::MutexLock lock(mutex_);
    return lookupd_addresses_;
  }

  void set_lookupd_addresses(std::vector<std::string> addresses) {
    {
      const nsq::MutexLock lock(mutex_);
      lookupd_addresses_ = std::move(addresses);
    }
    if (addresses_changed_) addresses_changed_();
  }

  /// Who wants to know, on the thread that made it, of each change of the addresses. Before other
  /// threads are there.
  void on_lookupd_addresses(std::function<void()> changed) {
    addresses_changed_ = std::move(changed);
  }

 private:
  mutable nsq::Mutex mutex_;
  std::vector<std::string> lookupd_addresses_ NSQ_GUARDED_BY(mutex_);
  std::function<void()> addresses_changed_;
};

}  // namespace nsqd
