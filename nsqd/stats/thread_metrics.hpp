#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/base/mutex.hpp"
#include "common/metrics/histogram.hpp"

namespace nsqd {

/// How often things happened that are rare, by their cause. Thread-safe.
class CauseCounts {
 public:
  using Counts = std::map<std::string, std::uint64_t, std::less<>>;

  /// @param cause  one of a limited number.
  void count(std::string_view cause) {
    const nsq::MutexLock lock(mutex_);
    const auto found = counts_.find(cause);
    if (found != counts_.end()) {
      ++found->second;
    } else {
      counts_.emplace(cause, 1);
    }
  }

  void add_to(Counts& sums) const {
    const nsq::MutexLock lock(mutex_);
    for (const auto& [cause, times] : counts_) sums[cause] += times;
  }

 private:
  mutable nsq::Mutex mutex_;  // a leaf
  Counts counts_ NSQ_GUARDED_BY(mutex_);
};

/// What one I/O thread measures of its connections: written by that thread, read by any.
struct ThreadMetrics {
  nsq::metrics::LatencyHistogram publish_latency;  ///< a publish read, to its answer
  nsq::metrics::LatencyHistogram finish_latency;   ///< a message published, to its FIN
  CauseCounts protocol_errors;                     ///< answered to clients, by E_ code
};

}  // namespace nsqd
