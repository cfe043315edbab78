#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <rocksdb/slice.h>
#include <rocksdb/write_batch.h>

#include "nsqd/storage/schema.hpp"

namespace nsqd {

/// Puts runs that follow each other into one chunk, up to a chunk's bounds, without copying them
/// before the batch does. One use: add() in the order of offsets within each topic, then flush().
class ChunkWriter {
 public:
  ChunkWriter(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* family)
      : batch_(batch), family_(family) {}

  /// The run's block must live until flush() or the next add() that does not continue it.
  void add(std::uint32_t topic, Run run, const Audience& audience);
  void flush();

 private:
  bool continues(std::uint32_t topic, const Run& run, const Audience& audience) const;
  void begin(std::uint32_t topic, const Run& run, const Audience& audience);
  void add_part(const Run& run);
  void add_homes(const Audience& audience, std::size_t from, std::uint32_t count);

  rocksdb::WriteBatch& batch_;
  rocksdb::ColumnFamilyHandle* const family_;
  std::uint32_t topic_ = 0;
  Offset first_ = 0;
  std::uint32_t bytes_ = 0;
  schema::ChunkHeader header_;
  std::string homes_;
  std::vector<rocksdb::Slice> parts_;  // [0] is the header's
};

}  // namespace nsqd
