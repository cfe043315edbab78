#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/base/log.hpp"
#include "nsqd/queue/broker.hpp"
#include "nsqd/storage/committer.hpp"
#include "nsqd/storage/cursor_keeper.hpp"
#include "nsqd/storage/database.hpp"
#include "nsqd/storage/figures.hpp"
#include "nsqd/storage/log_commit_queue.hpp"
#include "nsqd/storage/log_reader.hpp"
#include "nsqd/storage/read_pool.hpp"

namespace nsqd {

/// The log of a daemon: opens it, brings the broker up to where it was, and keeps it in order. It
/// has three kinds of threads of its own: the committer, those that read, and one that writes
/// cursors, trims, and looks after a disk that failed.
class Store final : public Log {
 public:
  /// Runs a function on the thread of a journal, and ends the journal's turn after it.
  using Post = std::function<void(std::move_only_function<void()>)>;

  struct Config {
    DatabaseConfig database;
    SyncPolicy sync;
    unsigned readers = 2;
  };

  /// @param deadline_post  for the thread that looks at the broker's deadlines.
  Store(Config config, Health& health, nsq::Logger log, Post deadline_post);
  ~Store() override;

  /// Opens the database and restores what it has into the broker. Errors are complete sentences.
  nsq::Result<void> open(Broker& broker);

  /// A journal for another thread. Call it before open(), or on its thread.
  std::unique_ptr<LogCommitQueue> make_journal(Post post) NSQ_EXCLUDES(latencies_mutex_);

  /// Why nothing can be written at present. Any thread.
  nsq::Result<void> writable() const { return database_.available(); }

  /// What the storage is doing. Takes some milliseconds at most; any thread.
  StorageFigures figures() const NSQ_EXCLUDES(latencies_mutex_);

  /// Ends the turn of the deadline journal.
  void commit_deadlines();

  /// Stretches of the files that were damaged and skipped since the start. Any thread.
  std::uint64_t corrupt_stretches() const noexcept {
    return corrupt_.count() + database_.damages();
  }

  /// Writes down all that the broker has, and closes. REQUIRES: no journal is used any more.
  void close();

  // Log
  void read(ReadRequest request) override;
  void read_deferred(DeferredRequest request) override;
  void save(Topic& topic) override;
  void remove(Topic& topic) override;
  void touch() noexcept override;
  Journal& deadline_journal() override;

 private:
  void run();
  void notify() noexcept;
  void wrote(std::size_t bytes);
  void save_dirty();
  void write_all();

  const nsq::Logger log_;
  const Post deadline_post_;
  mutable nsq::Mutex latencies_mutex_;  // a leaf
  // One a journal, where they stay.
  std::deque<nsq::metrics::LatencyHistogram> latencies_ NSQ_GUARDED_BY(latencies_mutex_);
  Database database_;
  CorruptStretches corrupt_;
  LogReader reader_;
  CursorKeeper keeper_;
  Committer committer_;
  ReadPool pool_;
  std::unique_ptr<LogCommitQueue> deadline_journal_;
  Broker* broker_ = nullptr;
  bool closed_ = false;

  std::atomic<bool> touched_{false};
  std::atomic<std::uint64_t> unsaved_bytes_{0};  // written since cursors were

  std::mutex mutex_;  // a leaf
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace nsqd
