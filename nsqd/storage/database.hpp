#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "common/base/log.hpp"
#include "common/base/mutex.hpp"
#include "common/base/result.hpp"
#include "nsqd/storage/damage.hpp"
#include "nsqd/storage/figures.hpp"
#include "nsqd/storage/health.hpp"
#include "nsqd/storage/wal_gate.hpp"

namespace nsqd {

/// The column families. docs/storage.md says what is in them.
enum class Family : std::uint8_t { meta, log, cursor, deferred };
inline constexpr std::size_t kFamilies = 4;

/// Where the log is kept, and how.
struct DatabaseConfig {
  std::string data_path;            ///< a directory; the database is in a folder of it
  std::uint64_t min_free_disk = 0;  ///< with less free bytes, nothing is written any more
  rocksdb::Env* env = nullptr;      ///< for tests: a file system that fails on cue
};

/// The RocksDB behind the log, and its faults. After a failed write nothing more is written, as
/// what it left behind is unknown, until check() has opened the database anew; reading goes on
/// meanwhile. Thread-safe.
class Database {
 public:
  /// @param health  is told of each fault and recovery, and outlives this.
  Database(DatabaseConfig config, Health& health, nsq::Logger log);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Sets what is called after a failed write or when damage was found: check() has something to
  /// do. It may be called on any thread, with the caller's locks held. To be set before open().
  void when_broken(std::function<void()> tell) { tell_broken_ = std::move(tell); }

  /// Opens or creates it. The error says what to do.
  nsq::Result<void> open();
  /// Opens it for a look: nothing in its folder is changed, and writing fails. An error if there is
  /// none.
  nsq::Result<void> open_read_only();
  /// Flushes and closes it.
  void close();

  /// The path of the database within a data path.
  static std::string folder(const std::string& data_path);

  /// Why nothing can be written at present. Cheap.
  nsq::Result<void> available() const;

  /// Whether a write failed and check() has not repaired that yet: nothing may be changed.
  bool broken() const noexcept { return broken_.load(std::memory_order_acquire); }

  /// Whether check() has something to do although nothing was written.
  bool needs_check() const noexcept { return broken() || compaction_damage_->any(); }

  /// Damage that was met in the files, other than what a read of ours met.
  std::uint64_t damages() const noexcept { return damages_.load(std::memory_order_relaxed); }

  /// Writes to the write-ahead log; it then survives the process. @param may_wait  false: returns
  /// Incomplete instead of waiting until compaction has caught up.
  rocksdb::Status write(rocksdb::WriteBatch& batch, bool may_wait);

  /// Asks RocksDB and the file system. What cannot be told at present is left at 0.
  void add_figures(StorageFigures& figures) const;

  /// Makes what was written so far survive the machine.
  rocksdb::Status sync();

  rocksdb::ColumnFamilyHandle* family(Family which) const {
    return handles_[static_cast<std::size_t>(which)];
  }

  /// Keeps the database open as long as it lives. `db` is null while there is none to read from.
  class Access {
   public:
    explicit Access(const Database& database)
        : lock_(database.open_mutex_), db_(database.db_.get()) {}
    rocksdb::DB* db() const noexcept { return db_; }

   private:
    std::shared_lock<std::shared_mutex> lock_;
    rocksdb::DB* db_;
  };

  /// Looks whether the disk has room, and after a fault whether it works again. To be called now
  /// and then, by one thread. @return whether something is wrong still.
  bool check();

 private:
  enum class Mode : std::uint8_t { write, read };

  rocksdb::Status open_locked(Mode mode);
  bool take_out_lost_table(const rocksdb::Status& why);
  rocksdb::Status open_rocksdb(const rocksdb::DBOptions& options, Mode mode);
  rocksdb::Status open_damaged(rocksdb::DBOptions options, Mode mode);
  rocksdb::DBOptions options() const;
  rocksdb::Status forget_clean_stop();
  void end_damaged_compactions();
  nsq::Result<void> check_version(const rocksdb::Status& read, const std::string& version);
  void close_locked();
  void flush_locked();
  void fail(const rocksdb::Status& status);
  bool check_room();
  bool repair();
  bool lacks_room_to_repair();
  void refuse(std::string reason);
  std::string reason() const;

  const DatabaseConfig config_;
  Health& health_;
  const nsq::Logger log_;
  const std::shared_ptr<rocksdb::Logger> rocksdb_log_;
  std::function<void()> tell_broken_;
  const std::shared_ptr<WalGate> gate_ = std::make_shared<WalGate>();
  const std::unique_ptr<rocksdb::Env> env_;  // watched by the gate
  const std::shared_ptr<CompactionDamage> compaction_damage_;
  std::atomic<std::uint64_t> damages_{0};

  // Shared by who uses the database, exclusive for who opens and closes it. Never taken for long
  // but by the latter.
  mutable std::shared_mutex open_mutex_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> handles_{};
  bool writable_ = false;  // db_ was opened for writing; under open_mutex_

  std::atomic<bool> broken_{false};  // a write failed: open anew
  std::atomic<bool> full_{false};    // too little free disk
  // When to try again to open, and after which pause then: check()'s thread only.
  std::chrono::steady_clock::time_point next_repair_;
  std::chrono::milliseconds repair_pause_{0};
  bool told_missing_room_ = false;
  mutable nsq::Mutex reason_mutex_;                   // a leaf
  std::string reason_ NSQ_GUARDED_BY(reason_mutex_);  // why nothing can be written
  std::string fault_ NSQ_GUARDED_BY(reason_mutex_);   // the failed write
};

}  // namespace nsqd
