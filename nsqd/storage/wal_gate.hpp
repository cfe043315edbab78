#pragma once

#include <memory>

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include "common/base/mutex.hpp"

namespace nsqd {

/// Keeps RocksDB from syncing a write-ahead log of which an append has failed, which it takes for a
/// bug and may end the process for. A failed append, on its way up to RocksDB, waits until a sync
/// that is under way has ended, and no other begins after it. One that succeeds waits for nothing.
/// Thread-safe.
class WalGate {
 public:
  /// `base` with its file system watched; `base` outlives it.
  static std::unique_ptr<rocksdb::Env> watch(rocksdb::Env& base, std::shared_ptr<WalGate> gate);

  /// Syncs, unless an append failed.
  rocksdb::Status sync(rocksdb::DB& db);

  /// The database was opened anew. REQUIRES: nobody writes or syncs.
  void reset();

  /// An append to a write-ahead log failed; RocksDB does not know yet.
  void append_failed();

 private:
  nsq::Mutex mutex_;  // held while RocksDB syncs
  bool failed_ NSQ_GUARDED_BY(mutex_) = false;
};

}  // namespace nsqd
