#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <rocksdb/env.h>

#include "common/base/log.hpp"
#include "nsqd/queue/broker.hpp"
#include "nsqd/queue/deadline_index.hpp"
#include "nsqd/storage/health.hpp"
#include "nsqd/storage/store.hpp"
#include "tests/faults/faulty_file_system.hpp"
#include "tests/support/temp_dir.hpp"

namespace nsq::test {

/// Bodies, or their beginnings.
using Bodies = std::multiset<std::string>;

/// Log lines, to be looked at afterwards. Thread-safe.
class LinesSink final : public LogSink {
 public:
  void write(LogLevel level, std::string_view text) override;
  /// How many lines contain `part`.
  std::size_t count(std::string_view part) const;
  /// Lines at error or above.
  std::size_t errors() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<LogLevel, std::string>> lines_;
};

/// A broker on its log, on a file system that fails on cue, in a directory of its own. Plays the
/// I/O thread, the thread of the deadlines and the clients; used from the test's thread only.
class Bench {
 public:
  struct Config {
    nsqd::QueueLimits limits;
    nsqd::SyncPolicy sync;
    std::uint64_t min_free_disk = 0;
  };
  /// Memory for ten messages only, so that consumers must read the log.
  static nsqd::QueueLimits little_memory();

  Bench() : Bench(Config{.limits = little_memory(), .sync = {}}) {}
  explicit Bench(Config config);
  ~Bench();
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  /// Opens the store, which must succeed; or tries to.
  void open();
  nsq::Result<void> try_open();
  /// A stop in good order, as far as the disk allows.
  void close();
  void restart();
  /// The machine stops here; what was not synced is gone. The store is closed afterwards.
  void lose_power();

  std::shared_ptr<nsqd::Topic> topic(std::string_view name);
  std::shared_ptr<nsqd::Channel> channel(std::string_view topic, std::string_view name);

  /// Publishes, and waits for the answer.
  nsq::Result<void> publish(std::string_view topic, const std::vector<std::string>& bodies);
  nsq::Result<void> publish(std::string_view topic, std::string body) {
    return publish(topic, std::vector<std::string>{std::move(body)});
  }
  nsq::Result<void> defer(std::string_view topic, std::string_view body, Nanoseconds delay);

  /// Consumes and finishes until the channel has nothing, or the deadline has passed, or `limit`
  /// messages came; the first `prefix` bytes of each body.
  Bodies drain(std::string_view topic, std::string_view channel,
               std::size_t limit = std::string::npos, std::size_t prefix = std::string::npos);

  /// Lets threads and deadlines have their turn.
  void turn();

  /// What /ping says, once it begins with this or the deadline has passed.
  std::string await_health(std::string_view begin);

  std::string database_folder() const;
  const nsqd::DatabaseConfig& database_config() const { return database_; }

  FaultyFileSystem& disk() { return *disk_; }
  nsqd::Health& health() { return health_; }
  nsqd::StorageFigures figures() const { return store_->figures(); }
  const LinesSink& lines() const { return *lines_; }
  const Logger& logger() const { return log_; }
  const TempDir& dir() const { return dir_; }
  bool available() const { return journal_->available().has_value(); }
  std::string refusal() const { return journal_->available().error().text(); }

 private:
  class Observer final : public nsqd::BrokerObserver {
    void topic_created(const nsqd::Topic& /*topic*/) override {}
    void topic_deleted(const nsqd::Topic& /*topic*/) override {}
    void channel_created(const nsqd::Topic& /*topic*/, const nsqd::Channel& /*channel*/) override {}
    void channel_deleted(const nsqd::Topic& /*topic*/, const nsqd::Channel& /*channel*/) override {}
  };

  nsqd::Store::Post post();
  nsq::Result<void> await(nsqd::Ticket ticket);

  const TempDir dir_;
  const std::shared_ptr<FaultyFileSystem> disk_;
  const std::unique_ptr<rocksdb::Env> env_;
  const Config config_;
  nsqd::DatabaseConfig database_;
  const std::shared_ptr<LinesSink> lines_;
  const Logger log_;
  nsqd::Health health_;
  Observer observer_;
  nsqd::DeadlineIndex deadlines_;
  std::uint64_t last_connection_ = 0;

  std::mutex mutex_;  // guards posted_
  std::deque<std::move_only_function<void()>> posted_;
  std::unique_ptr<nsqd::Store> store_;
  std::unique_ptr<nsqd::Broker> broker_;
  std::unique_ptr<nsqd::LogCommitQueue> journal_;
};

/// Whether all of `part` is in `whole`.
bool includes(const Bodies& whole, const Bodies& part);
Bodies operator+(Bodies a, const Bodies& b);

}  // namespace nsq::test
