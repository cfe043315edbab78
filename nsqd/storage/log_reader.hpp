#pragma once

#include "common/base/result.hpp"
#include "nsqd/queue/log.hpp"
#include "nsqd/storage/corruption.hpp"
#include "nsqd/storage/database.hpp"

namespace nsqd {

/// Reads the log for lagging channels and the deferred messages that are nearly due. What is
/// corrupt is skipped and reported. Blocks on the disk; thread-safe.
class LogReader {
 public:
  /// Both outlive it.
  LogReader(const Database& database, CorruptStretches& corrupt)
      : database_(database), corrupt_(corrupt) {}

  /// Fails only when the disk does: what was asked for is to be asked for again.
  nsq::Result<ReadResult> read(const ReadRequest& request);
  nsq::Result<DeferredResult> read_deferred(const DeferredRequest& request);

 private:
  class Collector;

  nsq::Result<ReadResult> read_from(rocksdb::DB& db, const ReadRequest& request);

  const Database& database_;
  CorruptStretches& corrupt_;
};

}  // namespace nsqd
