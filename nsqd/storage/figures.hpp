#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/metrics/histogram.hpp"

namespace nsqd {

/// What the storage is doing, for monitoring. Sizes are bytes.
struct StorageFigures {
  /// One of the database's column families (docs/storage.md).
  struct Family {
    std::string name;
    std::uint64_t table_bytes = 0;  ///< on the disk
    std::uint64_t table_files = 0;
    std::uint64_t memtable_bytes = 0;  ///< in memory, and in the write-ahead log
    std::uint64_t keys = 0;            ///< estimated
    std::uint64_t pending_compaction_bytes = 0;
    std::uint64_t running_compactions = 0;
    std::uint64_t running_flushes = 0;
  };
  std::vector<Family> families;
  std::uint64_t block_cache_bytes = 0;
  std::uint64_t background_errors = 0;
  std::uint64_t damages = 0;    ///< stretches of the files that were damaged and skipped
  bool writes_stopped = false;  ///< until compaction has caught up
  bool writable = true;
  std::uint64_t disk_free_bytes = 0;
  std::uint64_t disk_required_bytes = 0;  ///< with less free, nothing is written
  nsq::metrics::HistogramCounts commit_latency;
};

}  // namespace nsqd
