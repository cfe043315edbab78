#include "nsqd/storage/log_commit_queue.hpp"

#include <utility>

#include "common/base/bytes.hpp"

namespace nsqd {

using namespace nsq;

namespace {

/// What a batch may keep of its memory for the next turn.
constexpr std::size_t kKeptBatchBytes = 4_MiB;
/// Bytes that wait for a slow disk beyond which publishers are not read any more, and far beyond
/// which publishes are refused.
constexpr std::size_t kCongestedBytes = 16_MiB;
constexpr std::size_t kMaxOutsideBytes = 256_MiB;

}  // namespace

Result<void> LogCommitQueue::available() const {
  if (outside_bytes_ > kMaxOutsideBytes) {
    return fail(Errc::storage_failed, "the disk does not keep up");
  }
  return context_.database.available();
}

bool LogCommitQueue::congested() const {
  return outside_bytes_ > kCongestedBytes;
}

Ticket LogCommitQueue::append(Topic& topic, const Run& run, const Audience& audience) {
  turn_.append(topic, run, audience);
  return open_;
}

Ticket LogCommitQueue::defer(Topic& topic, const DeferredMessage& message) {
  turn_.defer(topic, message);
  return open_;
}

void LogCommitQueue::drop_deferred(Topic& topic, const DeferredMessage& message) {
  turn_.drop_deferred(topic, message);
}

void LogCommitQueue::discard_deferred(Topic& topic, const DeferredMessage& message) {
  turn_.discard_deferred(topic, message);
}

void LogCommitQueue::when_committed(Ticket ticket, Callback done) {
  // Callers wait for what they have just given, so tickets ascend.
  waiting_.push_back({ticket, std::move(done)});
}

bool LogCommitQueue::commit() {
  if (!turn_.empty()) commit_turn();
  tell();
  return !turn_.empty() || (!waiting_.empty() && waiting_.front().ticket <= done_);
}

void LogCommitQueue::commit_turn() {
  const Ticket ticket = open_++;
  const MonoTime began = read_clock().mono;
  if (!save_topics()) {
    finish(ticket, turn_, rocksdb::Status::IOError("the topic could not be saved"), began);
    turn_.clear();
    return;
  }
  if (!turn_.encode(context_.database, batch_)) {
    finish(ticket, turn_, rocksdb::Status::IOError("the log is closed"), began);
    turn_.clear();
    return;
  }
  context_.wrote(batch_.GetDataSize());
  const bool sync = turn_.wants_sync();
  if (!outside_.empty()) {
    hand_over(ticket, false, sync, began);
    return;
  }
  const auto status = context_.database.write(batch_, false);
  if (status.IsIncomplete()) {
    hand_over(ticket, false, sync, began);
  } else if (status.ok() && sync) {
    hand_over(ticket, true, true, began);
  } else {
    if (status.ok()) context_.committer.wrote();
    finish(ticket, turn_, status, began);
    turn_.clear();
  }
  if (batch_.Data().capacity() > kKeptBatchBytes) batch_ = rocksdb::WriteBatch();
  batch_.Clear();
}

/// Messages of a topic that the log does not know would be cleared away as those of a deleted one.
/// @return false: one could not be written down, so its messages must not be either.
bool LogCommitQueue::save_topics() {
  bool saved = true;
  for (const auto& topic : turn_.unsaved()) {
    context_.log.save(*topic);
    saved = saved && (topic->saved() || topic->removed());
  }
  return saved;
}

void LogCommitQueue::hand_over(Ticket ticket, bool written, bool sync, MonoTime began) {
  Committer::Job job;
  job.sync = sync;
  if (!written)
    job.batch = std::make_unique<rocksdb::WriteBatch>(std::exchange(batch_, rocksdb::WriteBatch()));
  const std::size_t bytes = written ? 0 : job.batch->GetDataSize();
  outside_bytes_ += bytes;
  outside_.push_back({ticket, std::exchange(turn_, Turn()), began});
  job.done = [this, bytes](rocksdb::Status status) {
    context_.post([this, bytes, status = std::move(status)] {
      outside_bytes_ -= bytes;
      ended_outside(status);
    });
  };
  context_.committer.submit(std::move(job));
}

void LogCommitQueue::ended_outside(rocksdb::Status status) {
  // Jobs end in the order of their submission.
  Outside first = std::move(outside_.front());
  outside_.pop_front();
  finish(first.ticket, first.turn, status, first.began);
}

void LogCommitQueue::finish(Ticket ticket, Turn& turn, const rocksdb::Status& status,
                            MonoTime began) {
  done_ = ticket;
  const Now now = read_clock();
  if (context_.latency) context_.latency->record(now.mono - began);
  if (!status.ok()) {
    failed_.emplace(ticket, Error{make_error_code(Errc::storage_failed), status.ToString()});
  }
  turn.settle(status.ok(), now);
}

/// Tells who waits for what is done. A callback may give more and wait again: it is told in another
/// turn.
void LogCommitQueue::tell() {
  auto ready = std::exchange(waiting_, {});
  while (!ready.empty() && ready.front().ticket <= done_) {
    auto [ticket, done] = std::move(ready.front());
    ready.pop_front();
    const auto failure = failed_.find(ticket);
    if (failure == failed_.end()) {
      done({});
    } else {
      done(std::unexpected(failure->second));
    }
  }
  // Those who wait still were before those who came meanwhile.
  for (auto& each : waiting_) ready.push_back(std::move(each));
  waiting_ = std::move(ready);
  failed_.erase(failed_.begin(),
                waiting_.empty() ? failed_.end() : failed_.lower_bound(waiting_.front().ticket));
}

}  // namespace nsqd
