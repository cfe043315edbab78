#pragma once

#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <rocksdb/env.h>
#include <rocksdb/listener.h>

#include "common/base/mutex.hpp"

namespace nsqd {

// What RocksDB finds damaged by itself, not while it reads for us.

/// Adds up what RocksDB leaves out of a damaged write-ahead log while it opens a database, which it
/// tells its log only; passes all of that on to another. Thread-safe.
class DroppedBytes final : public rocksdb::Logger {
 public:
  explicit DroppedBytes(std::shared_ptr<rocksdb::Logger> log)
      : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), log_(std::move(log)) {}

  using rocksdb::Logger::Logv;
  void Logv(rocksdb::InfoLogLevel level, const char* format, std::va_list arguments) override;

  std::uint64_t count() const noexcept { return count_.load(); }

 private:
  const std::shared_ptr<rocksdb::Logger> log_;
  std::atomic<std::uint64_t> count_{0};
};

/// Compactions that met a damaged table. RocksDB would refuse all writes after one; it does not,
/// but tries again without end, so the family's compactions are to be ended. Thread-safe.
class CompactionDamage final : public rocksdb::EventListener {
 public:
  /// @param tell  called on a thread of RocksDB when there is something to take.
  explicit CompactionDamage(std::function<void()> tell) : tell_(std::move(tell)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  void OnCompactionCompleted(rocksdb::DB* db, const rocksdb::CompactionJobInfo& info) override;

  bool any() const noexcept { return any_.load(); }

  /// What was found since: names of families, and RocksDB's words.
  std::map<std::string, std::string> take();

 private:
  const std::function<void()> tell_;
  std::atomic<bool> any_{false};
  nsq::Mutex mutex_;  // a leaf
  std::map<std::string, std::string> found_ NSQ_GUARDED_BY(mutex_);
};

}  // namespace nsqd
