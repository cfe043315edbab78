#pragma once

#include <chrono>
#include <cstdarg>
#include <map>
#include <utility>

#include <rocksdb/env.h>

#include "common/base/log.hpp"
#include "common/base/mutex.hpp"

namespace nsqd {

/// Passes what RocksDB warns of to nsqd's log, as warnings: what it takes for an error may be none
/// to us. Each of its places speaks once a minute, as it repeats itself while a disk is full.
///
/// RocksDB's own logger would write a file beside the database, and ends the process (by an
/// assertion) at the line after one that did not fit on the disk. Thread-safe.
class RocksdbLog final : public rocksdb::Logger {
 public:
  explicit RocksdbLog(nsq::Logger log)
      : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), log_(std::move(log)) {}

  using rocksdb::Logger::Logv;
  void Logv(rocksdb::InfoLogLevel level, const char* format, std::va_list arguments) override;
  void LogHeader(const char* /*format*/, std::va_list /*arguments*/) override {}

 private:
  using Clock = std::chrono::steady_clock;

  /// @param place  the format: a literal of RocksDB's.
  bool is_due(const char* place);

  const nsq::Logger log_;
  nsq::Mutex mutex_;  // a leaf
  std::map<const char*, Clock::time_point> last_ NSQ_GUARDED_BY(mutex_);
};

}  // namespace nsqd
