#include "nsqd/storage/figures.hpp"

#include "nsqd/storage/database.hpp"
#include "nsqd/storage/disk.hpp"

namespace nsqd {
namespace {

std::uint64_t number(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                     const std::string& property) {
  std::uint64_t value = 0;
  return db.GetIntProperty(family, property, &value) ? value : 0;
}

std::uint64_t count_files(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family) {
  rocksdb::ColumnFamilyMetaData data;
  db.GetColumnFamilyMetaData(family, &data);
  return data.file_count;
}

StorageFigures::Family figures_of(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family) {
  using P = rocksdb::DB::Properties;
  StorageFigures::Family figures;
  figures.name = family->GetName() == "default" ? "meta" : family->GetName();
  figures.table_bytes = number(db, family, P::kTotalSstFilesSize);
  figures.table_files = count_files(db, family);
  figures.memtable_bytes = number(db, family, P::kSizeAllMemTables);
  figures.keys = number(db, family, P::kEstimateNumKeys);
  figures.pending_compaction_bytes = number(db, family, P::kEstimatePendingCompactionBytes);
  figures.running_compactions = number(db, family, P::kNumRunningCompactions);
  figures.running_flushes = number(db, family, P::kNumRunningFlushes);
  return figures;
}

}  // namespace

void Database::add_figures(StorageFigures& figures) const {
  using P = rocksdb::DB::Properties;
  figures.writable = available().has_value();
  figures.disk_free_bytes = disk::free_bytes(config_.data_path).value_or(0);
  figures.disk_required_bytes = config_.min_free_disk;
  const Access access(*this);
  if (!access.db()) return;
  rocksdb::DB& db = *access.db();
  for (auto* family : handles_) figures.families.push_back(figures_of(db, family));
  figures.block_cache_bytes = number(db, handles_[0], P::kBlockCacheUsage);
  figures.background_errors = number(db, handles_[0], P::kBackgroundErrors);
  figures.writes_stopped = number(db, handles_[0], P::kIsWriteStopped) != 0;
}

}  // namespace nsqd
