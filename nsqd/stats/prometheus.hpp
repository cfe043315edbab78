#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nsqd/stats/snapshot.hpp"
#include "nsqd/stats/thread_metrics.hpp"
#include "nsqd/storage/figures.hpp"

namespace nsqd {

class Store;

/// What monitoring sees of the daemon beside its topics. Set up before the I/O threads run; what it
/// refers to outlives them.
struct Instruments {
  std::vector<const ThreadMetrics*> threads;  ///< one an I/O thread
  const Store* store = nullptr;
  std::uint64_t max_memory = 0;  ///< limit of messages' bytes in memory
  bool per_client = false;       ///< series for each connection too

  nsq::metrics::HistogramCounts publish_latency() const;
  nsq::metrics::HistogramCounts finish_latency() const;
  CauseCounts::Counts protocol_errors() const;
};

/// All of it in Prometheus' text format. The snapshot has clients if there are to be series for
/// them. Any thread.
std::string to_prometheus(const StatsSnapshot& snapshot, const Instruments& instruments);

}  // namespace nsqd
