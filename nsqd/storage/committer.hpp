#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/base/clock.hpp"
#include "nsqd/storage/database.hpp"

namespace nsqd {

/// When written data are made to survive the machine although nobody waits for it.
struct SyncPolicy {
  std::uint64_t every = 2500;                  ///< after so many commits; 0: never for that
  nsq::Nanoseconds timeout = nsq::Seconds(2);  ///< after so long
};

/// The thread that waits for the disk in place of the I/O threads: for fdatasync, and for writes
/// that RocksDB holds up. What comes while it waits is done together next, so load makes the groups
/// larger, not the queue longer. Thread-safe.
class Committer {
 public:
  struct Job {
    std::unique_ptr<rocksdb::WriteBatch> batch;  ///< to be written first; null: only sync
    bool sync = false;
    /// Called on the committer's thread, in the order of submission.
    std::move_only_function<void(rocksdb::Status)> done;
  };

  Committer(Database& database, SyncPolicy policy);
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  void submit(Job job);

  /// A commit was written that nobody waits to be synced.
  void wrote() noexcept;

  /// Ends the thread when all that was submitted is done.
  void stop();

 private:
  void run();
  std::deque<Job> wait_for_jobs();
  bool sync_is_due(std::chrono::steady_clock::time_point now) const;
  void work(std::deque<Job> jobs);

  Database& database_;
  const SyncPolicy policy_;
  std::atomic<std::uint64_t> unsynced_{0};  // commits since the last sync

  std::mutex mutex_;  // a leaf
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::chrono::steady_clock::time_point first_unsynced_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace nsqd
