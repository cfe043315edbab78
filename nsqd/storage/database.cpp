#include "nsqd/storage/database.hpp"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include "common/base/bytes.hpp"
#include "nsqd/storage/disk.hpp"
#include "nsqd/storage/lost_table.hpp"
#include "nsqd/storage/rocksdb_log.hpp"
#include "nsqd/storage/schema.hpp"

namespace nsqd {

using namespace nsq;

namespace {

/// Pauses between attempts to open the database after a fault. Each takes what it reads from those
/// who read.
constexpr std::chrono::milliseconds kFirstRepairPause{250};
constexpr std::chrono::milliseconds kLastRepairPause{8000};

/// With more tables than that which cannot be opened, the disk is to be looked at first.
constexpr int kMostLostTables = 16;

constexpr std::array<const char*, kFamilies> kNames{"default", "log", "cursor", "deferred"};

rocksdb::DBOptions db_options(rocksdb::Env& env, std::shared_ptr<rocksdb::Logger> log) {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.env = &env;
  // A torn end of the write-ahead log is what a crash leaves; what was answered lies before it.
  // With any other damage opening fails at first: see open_damaged().
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // Bounds what small families pin of the write-ahead log, and so the disk and the recovery.
  options.max_total_wal_size = 96_MiB;
  options.max_background_jobs = 2;
  options.max_open_files = 256;
  options.info_log = std::move(log);
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.max_bgerror_resume_count = 0;  // check() does that
  options.avoid_flush_during_shutdown = false;
  options.bytes_per_sync = 1_MiB;
  return options;
}

rocksdb::ColumnFamilyOptions family_options(Family family,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 64_KiB;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // Bodies are the users'; what compresses them costs more than it saves at this rate.
  options.compression = rocksdb::kNoCompression;
  const bool large = family == Family::log || family == Family::deferred;
  options.write_buffer_size = family == Family::log ? 24_MiB : large ? 16_MiB : 2_MiB;
  options.max_write_buffer_number = 5;
  options.target_file_size_base = 32_MiB;
  options.max_bytes_for_level_base = 256_MiB;
  options.level_compaction_dynamic_level_bytes = true;
  // A backlog is written once and read in order: many files side by side do no harm.
  options.level0_file_num_compaction_trigger = 4;
  options.level0_slowdown_writes_trigger = 40;
  options.level0_stop_writes_trigger = 64;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> all_families() {
  const auto cache = rocksdb::NewLRUCache(8_MiB);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t i = 0; i < kFamilies; ++i) {
    families.emplace_back(kNames[i], family_options(static_cast<Family>(i), cache));
  }
  return families;
}

Error storage_error(const rocksdb::Status& status) {
  return {make_error_code(Errc::storage_failed), status.ToString()};
}

}  // namespace

Database::Database(DatabaseConfig config, Health& health, Logger log)
    : config_(std::move(config)),
      health_(health),
      log_(std::move(log)),
      rocksdb_log_(std::make_shared<RocksdbLog>(log_)),
      env_(WalGate::watch(config_.env ? *config_.env : *rocksdb::Env::Default(), gate_)),
      compaction_damage_(std::make_shared<CompactionDamage>([this] {
        if (tell_broken_) tell_broken_();
      })) {}

Database::~Database() {
  close();
}

std::string Database::folder(const std::string& data_path) {
  return (data_path.empty() ? std::string(".") : data_path) + "/nsqd.db";
}

Result<void> Database::open() {
  const std::unique_lock lock(open_mutex_);
  auto opened = open_locked(Mode::write);
  bool lost = false;
  for (int i = 0; i < kMostLostTables && take_out_lost_table(opened); ++i) {
    lost = true;
    opened = open_locked(Mode::write);
  }
  if (opened.ok() && lost) opened = forget_clean_stop();  // cursors may be among what is lost
  if (!opened.ok()) return std::unexpected(storage_error(opened));
  std::string version;
  const auto status =
      db_->Get(rocksdb::ReadOptions(), handles_[0], rocksdb::Slice(schema::kVersionKey), &version);
  if (!status.IsNotFound()) return check_version(status, version);
  const auto written = db_->Put(rocksdb::WriteOptions(), handles_[0],
                                rocksdb::Slice(schema::kVersionKey), schema::kVersion);
  if (!written.ok()) return std::unexpected(storage_error(written));
  return {};
}

Result<void> Database::open_read_only() {
  const std::unique_lock lock(open_mutex_);
  auto options = db_options(*env_, rocksdb_log_);
  const std::string path = folder(config_.data_path);
  if (const auto found = options.env->FileExists(path + "/CURRENT"); found.IsNotFound()) {
    return nsq::fail(Errc::storage_failed, fmt::format("there is no database in {}", path));
  }
  options.create_if_missing = false;
  options.create_missing_column_families = false;
  auto status = open_rocksdb(options, Mode::read);
  if (status.IsCorruption()) status = open_damaged(std::move(options), Mode::read);
  if (!status.ok()) return std::unexpected(storage_error(status));
  std::string version;
  const auto read =
      db_->Get(rocksdb::ReadOptions(), handles_[0], rocksdb::Slice(schema::kVersionKey), &version);
  return check_version(read, version);
}

Result<void> Database::check_version(const rocksdb::Status& read, const std::string& version) {
  if (read.ok() && version == schema::kVersion) return {};
  close_locked();
  if (!read.ok()) return std::unexpected(storage_error(read));
  return nsq::fail(Errc::storage_failed,
                   fmt::format("{} has format version {}, this nsqd knows version {}: start the "
                               "nsqd that wrote it, or move the folder away",
                               folder(config_.data_path), version, schema::kVersion));
}

rocksdb::DBOptions Database::options() const {
  auto options = db_options(*env_, rocksdb_log_);
  options.listeners.push_back(compaction_damage_);
  return options;
}

rocksdb::Status Database::open_locked(Mode mode) {
  gate_->reset();
  if (mode == Mode::write) {  // RocksDB would warn of a folder that is not there
    const auto made = env_->CreateDirIfMissing(folder(config_.data_path));
    if (!made.ok()) return made;
  }
  auto status = open_rocksdb(options(), mode);
  if (status.IsCorruption()) status = open_damaged(options(), mode);
  return status;
}

/// If a table is why the database cannot be opened, goes on without it. Without the topics' records
/// their messages would be cleared away, so those are not given up.
/// @return whether to try again.
bool Database::take_out_lost_table(const rocksdb::Status& why) {
  const auto path = folder(config_.data_path);
  const auto options = db_options(*env_, rocksdb_log_);
  const auto table = damaged_table(why, options, path, all_families());
  if (!table || table->family == kNames[0]) return false;
  const auto taken = take_out(*table, options, path, all_families());
  if (!taken.ok()) {
    log_.error("STORAGE: taking out table {} - {}", table->name, taken.ToString());
    return false;
  }
  ++damages_;
  log_.error(
      "STORAGE: table {} of family {} cannot be opened: what was in it is lost, and its file is in "
      "{}/lost now - {}",
      table->name, table->family, path, why.ToString());
  return true;
}

rocksdb::Status Database::open_rocksdb(const rocksdb::DBOptions& options, Mode mode) {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const auto path = folder(config_.data_path);
  auto status =
      mode == Mode::write
          ? rocksdb::DB::Open(options, path, all_families(), &handles, &db)
          : rocksdb::DB::OpenForReadOnly(options, path, all_families(), &handles, &db, false);
  if (!status.ok()) return status;
  db_.reset(db);
  std::copy(handles.begin(), handles.end(), handles_.begin());
  writable_ = mode == Mode::write;
  return status;
}

/// Opens it with all that can be read of a damaged write-ahead log. What lies behind the damage was
/// answered too, and depends on nothing before it that recovery does not find out.
rocksdb::Status Database::open_damaged(rocksdb::DBOptions options, Mode mode) {
  const auto dropped = std::make_shared<DroppedBytes>(std::move(options.info_log));
  options.info_log = dropped;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  auto status = open_rocksdb(options, mode);
  if (!status.ok()) return status;
  ++damages_;
  log_.error(
      "STORAGE: the write-ahead log was damaged: {} bytes of it cannot be read, and acknowledged "
      "messages that were nowhere else are lost; what lies before and behind was recovered",
      dropped->count());
  return mode == Mode::write ? forget_clean_stop() : rocksdb::Status::OK();
}

/// The mark's deletion may be among what is lost.
rocksdb::Status Database::forget_clean_stop() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return db_->Delete(options, handles_[0], rocksdb::Slice(schema::kCleanKey));
}

void Database::close() {
  const std::unique_lock lock(open_mutex_);
  flush_locked();
  close_locked();
}

/// Makes tables of what is in the write-ahead log only, so that the next start need not: reading a
/// full one takes a third of a second.
void Database::flush_locked() {
  if (!db_ || !writable_ || broken()) return;
  const auto status = db_->Flush(rocksdb::FlushOptions(), {handles_.begin(), handles_.end()});
  if (!status.ok()) log_.warn("STORAGE: flushing before the end - {}", status.ToString());
}

void Database::close_locked() {
  if (!db_) return;
  for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  handles_ = {};
  // What is not flushed is in the write-ahead log, so an error here loses nothing.
  const auto status = db_->Close();
  if (!status.ok()) log_.warn("STORAGE: closing - {}", status.ToString());
  db_.reset();
}

Result<void> Database::available() const {
  if (!broken_.load(std::memory_order_relaxed) && !full_.load(std::memory_order_relaxed)) return {};
  return nsq::fail(Errc::storage_failed, reason());
}

std::string Database::reason() const {
  const MutexLock lock(reason_mutex_);
  return reason_;
}

rocksdb::Status Database::write(rocksdb::WriteBatch& batch, bool may_wait) {
  if (broken()) return rocksdb::Status::IOError(reason());
  const Access access(*this);
  if (!access.db()) return rocksdb::Status::IOError("the log is closed");
  rocksdb::WriteOptions options;
  options.no_slowdown = !may_wait;
  const auto status = access.db()->Write(options, &batch);
  if (!status.ok() && !(status.IsIncomplete() && !may_wait)) fail(status);
  return status;
}

rocksdb::Status Database::sync() {
  const Access access(*this);
  if (broken()) return rocksdb::Status::IOError(reason());
  if (!access.db()) return rocksdb::Status::IOError("the log is closed");
  const auto status = gate_->sync(*access.db());
  if (!status.ok()) fail(status);
  return status;
}

void Database::fail(const rocksdb::Status& status) {
  {
    const MutexLock lock(reason_mutex_);
    if (broken_.load()) return;
    fault_ = status.ToString();
    reason_ = fault_;
    health_.set_failed(fault_);
    broken_.store(true);
  }
  log_.error("STORAGE: writing failed, publishes are refused - {}", status.ToString());
  if (tell_broken_) tell_broken_();
}

void Database::refuse(std::string reason) {
  const MutexLock lock(reason_mutex_);
  health_.set_failed(reason);
  reason_ = std::move(reason);
}

bool Database::check() {
  if (compaction_damage_->any()) end_damaged_compactions();
  if (!check_room()) return true;
  const bool was_broken = broken();
  if (was_broken && !repair()) return true;
  {
    const MutexLock lock(reason_mutex_);
    if (!full_.load() && !was_broken) return false;
    full_.store(false);
    if (was_broken) broken_.store(false);
    if (broken_.load()) return true;  // a write failed just now
    health_.set_ok();
  }
  log_.info("STORAGE: writing works again");
  return false;
}

/// A family with a damaged table is not compacted any more until the next start: it would be tried
/// again and again. What is written goes on, and what is trimmed takes whole tables away.
void Database::end_damaged_compactions() {
  for (const auto& [name, why] : compaction_damage_->take()) {
    const auto family =
        std::find(kNames.begin(), kNames.end(), std::string_view(name)) - kNames.begin();
    const Access access(*this);
    if (!access.db() || static_cast<std::size_t>(family) == kFamilies) continue;
    ++damages_;
    log_.error("STORAGE: family {} has a damaged table, and is not compacted any more - {}", name,
               why);
    const auto status = access.db()->SetOptions(handles_[static_cast<std::size_t>(family)],
                                                {{"disable_auto_compactions", "true"}});
    if (!status.ok()) log_.error("STORAGE: ending compactions - {}", status.ToString());
  }
}

/// Whether the disk has as much free room as it should.
bool Database::check_room() {
  const auto free = disk::free_bytes(config_.data_path);
  const bool full = free && *free < config_.min_free_disk;
  if (full && !full_.load()) {
    auto reason = fmt::format("disk full: {} bytes free, less than --min-free-disk={}", *free,
                              config_.min_free_disk);
    log_.error("STORAGE: publishes are refused - {}", reason);
    refuse(std::move(reason));
    full_.store(true);
  } else if (!full && full_.load() && broken()) {
    full_.store(false);
    const MutexLock lock(reason_mutex_);
    health_.set_failed(fault_);
    reason_ = fault_;
  }
  return !full;
}

/// Opens the database anew after a failed write, or at least for reading. @return whether it can be
/// written again.
bool Database::repair() {
  const auto now = std::chrono::steady_clock::now();
  const auto path = folder(config_.data_path);
  if (now < next_repair_ || lacks_room_to_repair() || !disk::takes_writes(*env_, path))
    return false;
  const std::unique_lock lock(open_mutex_);
  close_locked();
  if (const auto opened = open_locked(Mode::write); !opened.ok()) {
    refuse(opened.ToString());
    if (const auto readable = open_locked(Mode::read); !readable.ok()) {
      log_.error("STORAGE: the log cannot even be read - {}", readable.ToString());
    }
    repair_pause_ = std::clamp(2 * repair_pause_, kFirstRepairPause, kLastRepairPause);
    next_repair_ = std::chrono::steady_clock::now() + repair_pause_;
    return false;
  }
  repair_pause_ = {};
  next_repair_ = {};
  told_missing_room_ = false;
  return true;
}

/// Says so once for each fault: whoever frees a full disk wants to know how much is enough.
bool Database::lacks_room_to_repair() {
  const auto missing = disk::room_missing_to_recover(folder(config_.data_path));
  if (missing > 0 && !told_missing_room_) {
    log_.error("STORAGE: {} more bytes must be free before the log can be opened again", missing);
    told_missing_room_ = true;
  }
  return missing > 0;
}

}  // namespace nsqd
