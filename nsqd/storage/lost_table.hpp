#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/options.h>

namespace nsqd {

// A table that cannot even be opened (its end or its index is damaged) keeps RocksDB from opening
// the database. These take it out of a closed database; all of it blocks on the disk.

/// A table, as the database has it in its lists.
struct LostTable {
  std::string name;    ///< of its file, within the database's folder
  std::string family;  ///< of which it was a part
};

/// The table that RocksDB names as damaged in the error of an open, or nothing if there is none, or
/// if it could not be read for another reason, which may pass.
std::optional<LostTable> damaged_table(
    const rocksdb::Status& error, const rocksdb::DBOptions& options, const std::string& folder,
    const std::vector<rocksdb::ColumnFamilyDescriptor>& families);

/// Takes the table off the database's lists, and moves its file into the folder `lost` there.
rocksdb::Status take_out(const LostTable& table, const rocksdb::DBOptions& options,
                         const std::string& folder,
                         const std::vector<rocksdb::ColumnFamilyDescriptor>& families);

}  // namespace nsqd
