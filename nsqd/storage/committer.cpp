#include "nsqd/storage/committer.hpp"

#include <utility>

#include "common/base/thread_name.hpp"

namespace nsqd {

using std::chrono::steady_clock;

Committer::Committer(Database& database, SyncPolicy policy)
    : database_(database), policy_(policy), thread_([this] { run(); }) {}

Committer::~Committer() {
  stop();
}

void Committer::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void Committer::wrote() noexcept {
  const auto before = unsynced_.fetch_add(1, std::memory_order_relaxed);
  if (before != 0 && before + 1 != policy_.every) return;
  {
    const std::lock_guard lock(mutex_);
    if (before == 0) first_unsynced_ = steady_clock::now();
  }
  changed_.notify_one();
}

void Committer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Committer::run() {
  nsq::name_this_thread("nsqd-committer");
  for (;;) {
    auto jobs = wait_for_jobs();
    if (jobs.empty() && unsynced_.load() == 0) return;
    work(std::move(jobs));
  }
}

bool Committer::sync_is_due(steady_clock::time_point now) const {
  const auto unsynced = unsynced_.load(std::memory_order_relaxed);
  if (unsynced == 0) return false;
  return stopping_ || (policy_.every > 0 && unsynced >= policy_.every) ||
         now >= first_unsynced_ + policy_.timeout;
}

/// Waits until there is something to do, or a sync is due, or all is done and the thread shall end.
std::deque<Committer::Job> Committer::wait_for_jobs() {
  std::unique_lock lock(mutex_);
  while (jobs_.empty() && !sync_is_due(steady_clock::now()) && !stopping_) {
    if (unsynced_.load() > 0) {
      changed_.wait_until(lock, first_unsynced_ + policy_.timeout);
    } else {
      changed_.wait(lock);
    }
  }
  return std::exchange(jobs_, {});
}

void Committer::work(std::deque<Job> jobs) {
  bool sync = false;
  std::vector<rocksdb::Status> results;
  results.reserve(jobs.size());
  for (auto& job : jobs) {
    results.push_back(job.batch ? database_.write(*job.batch, true) : rocksdb::Status::OK());
    sync = sync || job.sync;
  }
  if (!sync) {
    const std::lock_guard lock(mutex_);
    sync = sync_is_due(steady_clock::now());
  }
  rocksdb::Status synced;
  if (sync) {
    unsynced_.store(0);
    synced = database_.sync();
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].done(results[i].ok() && jobs[i].sync ? synced : results[i]);
  }
}

}  // namespace nsqd
