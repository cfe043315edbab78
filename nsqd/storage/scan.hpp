#pragma once

#include <memory>
#include <string>

#include <rocksdb/db.h>
#include <rocksdb/iterator.h>

#include "nsqd/storage/database.hpp"

namespace nsqd {

/// RocksDB's view of a key, which must outlive it.
inline rocksdb::Slice slice(const auto& key) {
  return {key.data(), key.size()};
}

/// An iterator over [lower, upper) of a family. The bounds keep it from looking at what was
/// deleted, and what is read once is not cached. Lives no longer than the Database::Access that
/// gave `db`.
class Scan {
 public:
  Scan(const Database& database, rocksdb::DB& db, Family family, const auto& lower,
       const auto& upper)
      : lower_key_(lower.begin(), lower.end()),
        upper_key_(upper.begin(), upper.end()),
        lower_(lower_key_),
        upper_(upper_key_) {
    rocksdb::ReadOptions options;
    options.iterate_lower_bound = &lower_;
    options.iterate_upper_bound = &upper_;
    options.fill_cache = false;
    iterator_.reset(db.NewIterator(options, database.family(family)));
  }
  Scan(const Scan&) = delete;  // the iterator refers to the bounds
  Scan& operator=(const Scan&) = delete;

  rocksdb::Iterator* operator->() const noexcept { return iterator_.get(); }

 private:
  const std::string lower_key_;
  const std::string upper_key_;
  const rocksdb::Slice lower_;
  const rocksdb::Slice upper_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace nsqd
