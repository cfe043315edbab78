#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "common/base/log.hpp"
#include "common/base/mutex.hpp"
#include "common/base/result.hpp"
#include "nsqd/queue/log.hpp"
#include "nsqd/storage/database.hpp"

namespace nsqd {

/// Reads the log for lagging channels and the deferred messages that are nearly due. What is
/// corrupt is skipped, logged once and counted. Blocks on the disk; thread-safe.
class LogReader {
 public:
  LogReader(const Database& database, nsq::Logger log)
      : database_(database), log_(std::move(log)) {}

  /// Fails only when the disk does: what was asked for is to be asked for again.
  nsq::Result<ReadResult> read(const ReadRequest& request);
  nsq::Result<DeferredResult> read_deferred(const DeferredRequest& request);

  /// Corrupt stretches that were skipped since the start.
  std::uint64_t corrupt_stretches() const noexcept {
    return corrupt_.load(std::memory_order_relaxed);
  }

 private:
  class Collector;

  nsq::Result<ReadResult> read_from(rocksdb::DB& db, const ReadRequest& request);
  Offset skip_corrupt(rocksdb::DB& db, std::uint32_t topic, Offset begin, Offset end);
  bool readable_at(rocksdb::DB& db, std::uint32_t topic, Offset at, Offset end) const;
  void report(std::uint32_t topic, Offset begin, Offset end, const std::string& why);

  const Database& database_;
  const nsq::Logger log_;
  std::atomic<std::uint64_t> corrupt_{0};
  nsq::Mutex mutex_;  // a leaf
  std::set<std::pair<std::uint32_t, Offset>> reported_ NSQ_GUARDED_BY(mutex_);
};

}  // namespace nsqd
