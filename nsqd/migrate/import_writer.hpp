#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <rocksdb/write_batch.h>

#include "common/base/result.hpp"
#include "common/wire/message.hpp"
#include "nsqd/storage/database.hpp"
#include "nsqd/storage/schema.hpp"

namespace nsqd::migrate {

/// Writes messages to the log as chunks, in batches of about `batch_bytes`. Holds one batch and one
/// chunk. One thread at a time; the database outlives it.
class ImportWriter {
 public:
  ImportWriter(Database& database, std::size_t batch_bytes)
      : database_(database), batch_bytes_(batch_bytes) {}

  /// What follows is for one channel of one topic (0: for all its channels), from `first` on.
  void begin(std::uint32_t topic, ChannelId channel, Offset first);

  /// Adds a message at the next offset. An id that is no number (upstream makes none such) is
  /// replaced by one that depends on it only: clients must be able to answer with it.
  nsq::Result<void> add(const nsq::wire::MessageView& message);

  /// Ends the queue. Its last messages may still wait for flush().
  nsq::Result<void> end();

  /// Writes what was added so far. Errors: the disk is full, or failed.
  nsq::Result<void> flush();

  /// How many messages begin() .. end() added so far.
  std::uint64_t messages() const noexcept { return next_ - begin_; }
  /// How many messages got another id.
  std::uint64_t renamed() const noexcept { return renamed_; }

 private:
  void end_chunk();

  Database& database_;
  const std::size_t batch_bytes_;
  rocksdb::WriteBatch batch_;
  std::uint32_t topic_ = 0;
  ChannelId channel_ = 0;
  Offset begin_ = 0;
  Offset next_ = 0;
  Offset chunk_first_ = 0;
  schema::ChunkHeader header_;
  std::string chunk_;  // with room for the header
  std::uint64_t renamed_ = 0;
};

}  // namespace nsqd::migrate
