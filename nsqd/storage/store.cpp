#include "nsqd/storage/store.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "common/base/bytes.hpp"
#include "common/base/thread_name.hpp"
#include "nsqd/storage/recovery.hpp"

namespace nsqd {

using namespace nsq;

namespace {

/// How often cursors are written while something happens, and how many bytes of log are written
/// before it is done earlier: what is trimmed before it leaves RocksDB's memory never reaches a
/// file.
constexpr std::chrono::milliseconds kSaveInterval{250};
constexpr std::uint64_t kSaveBytes = 4_MiB;
constexpr std::chrono::seconds kReleaseInterval{2};

/// For what is written when nobody waits for it any more.
struct LastJournal final : Journal {
  Result<void> available() const override { return {}; }
  Ticket append(Topic& topic, const Run& run, const Audience& audience) override {
    turn.append(topic, run, audience);
    return 0;
  }
  Ticket defer(Topic& topic, const DeferredMessage& message) override {
    turn.defer(topic, message);
    return 0;
  }
  void drop_deferred(Topic& topic, const DeferredMessage& message) override {
    turn.drop_deferred(topic, message);
  }
  void discard_deferred(Topic& topic, const DeferredMessage& message) override {
    turn.discard_deferred(topic, message);
  }
  Turn turn;
};

}  // namespace

Store::Store(Config config, Health& health, Logger log, Post deadline_post)
    : log_(log),
      deadline_post_(std::move(deadline_post)),
      database_(std::move(config.database), health, log),
      corrupt_(log),
      reader_(database_, corrupt_),
      keeper_(database_),
      committer_(database_, config.sync),
      pool_(reader_, config.readers, log),
      deadline_journal_(make_journal(deadline_post_)) {
  database_.when_broken([this] { notify(); });
}

Store::~Store() {
  close();
}

Result<void> Store::open(Broker& broker) {
  if (auto opened = database_.open(); !opened) return opened;
  auto topics = recover(database_, corrupt_);
  if (!topics) return std::unexpected(std::move(topics.error()));
  broker_ = &broker;
  const Now now = read_clock();
  for (const auto& [image, trimmed] : *topics) {
    keeper_.restore(image, trimmed);
    broker.restore(image, now);
  }
  static_cast<void>(database_.check());
  thread_ = std::thread([this] { run(); });
  return {};
}

std::unique_ptr<LogCommitQueue> Store::make_journal(Post post) {
  nsq::metrics::LatencyHistogram* latency = nullptr;
  {
    const MutexLock lock(latencies_mutex_);
    latency = &latencies_.emplace_back();
  }
  return std::make_unique<LogCommitQueue>(
      LogCommitQueue::Context{.database = database_,
                              .committer = committer_,
                              .log = *this,
                              .wrote = [this](std::size_t bytes) { wrote(bytes); },
                              .post = std::move(post),
                              .latency = latency});
}

StorageFigures Store::figures() const {
  StorageFigures figures;
  database_.add_figures(figures);
  figures.damages = corrupt_stretches();
  const MutexLock lock(latencies_mutex_);
  for (const auto& each : latencies_) figures.commit_latency += each.read();
  return figures;
}

Journal& Store::deadline_journal() {
  return *deadline_journal_;
}

void Store::commit_deadlines() {
  while (deadline_journal_->commit()) {
  }
}

void Store::read(ReadRequest request) {
  pool_.read(std::move(request));
}

void Store::read_deferred(DeferredRequest request) {
  pool_.read_deferred(std::move(request));
}

void Store::save(Topic& topic) {
  const auto status = keeper_.save(topic);
  if (!status.ok()) {
    log_.error("STORAGE: saving topic {} - {}", topic.name().view(), status.ToString());
    topic.mark_dirty();  // again when the disk works
  }
}

void Store::remove(Topic& topic) {
  const auto status = keeper_.remove(topic);
  if (!status.ok()) {
    log_.error("STORAGE: deleting topic {} - {}", topic.name().view(), status.ToString());
  }
}

void Store::touch() noexcept {
  if (touched_.load(std::memory_order_relaxed) || touched_.exchange(true)) return;
  notify();
}

void Store::notify() noexcept {
  {
    const std::lock_guard lock(mutex_);
  }  // not between the thread's look and its wait
  changed_.notify_one();
}

void Store::wrote(std::size_t bytes) {
  const auto before = unsaved_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  const bool much = before < kSaveBytes && before + bytes >= kSaveBytes;
  if (before == 0 || much) notify();
}

void Store::run() {
  nsq::name_this_thread("nsqd-store");
  using Clock = std::chrono::steady_clock;
  auto next_release = Clock::now();
  bool trouble = false;
  bool to_release = false;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const bool broken = database_.broken();
    const bool busy =
        touched_.load() || unsaved_bytes_.load() > 0 || trouble || database_.needs_check();
    if (!busy && !to_release) {
      changed_.wait(lock);
    } else if (!busy) {
      changed_.wait_until(lock, next_release);
    } else if (unsaved_bytes_.load() < kSaveBytes || broken) {
      changed_.wait_for(lock, kSaveInterval);
    }
    if (stopping_) break;
    lock.unlock();
    const auto now = Clock::now();
    trouble = database_.check();
    if (database_.broken()) {  // what cannot be written yet stays dirty
      lock.lock();
      continue;
    }
    const bool touched = touched_.exchange(false);
    if (unsaved_bytes_.exchange(0) > 0 || touched) {
      save_dirty();
      to_release = true;
    }
    if (to_release && now >= next_release) {
      keeper_.release_files();
      next_release = now + kReleaseInterval;
      to_release = touched;
    }
    lock.lock();
  }
}

void Store::save_dirty() {
  for (const auto& topic : broker_->topics()) {
    if (!topic->dirty()) continue;
    save(*topic);
    // Cheap where there is nothing to move.
    deadline_post_([this, topic] { topic->move_stragglers(*deadline_journal_); });
  }
}

void Store::close() {
  if (std::exchange(closed_, true)) return;
  pool_.stop();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  committer_.stop();
  if (broker_) write_all();
  database_.close();
}

/// The last turn: what only memory has, then all cursors, then the mark that nothing is missing.
void Store::write_all() {
  const auto topics = broker_->topics();
  LastJournal journal;
  for (const auto& topic : topics) topic->give_all(journal);
  rocksdb::WriteBatch last;
  bool clean = journal.turn.encode(database_, last) && database_.write(last, true).ok();
  for (const auto& topic : topics) {
    if (topic->ephemeral()) continue;
    const auto status = keeper_.save(*topic);
    clean = clean && status.ok();
    if (!status.ok()) {
      log_.error("STORAGE: saving topic {} - {}", topic->name().view(), status.ToString());
    }
  }
  rocksdb::WriteBatch batch;
  batch.Put(database_.family(Family::meta), rocksdb::Slice(schema::kCleanKey), "1")
      .PermitUncheckedError();
  if (clean) clean = database_.write(batch, true).ok() && database_.sync().ok();
  if (!clean) log_.error("STORAGE: the log was not closed cleanly");
}

}  // namespace nsqd
