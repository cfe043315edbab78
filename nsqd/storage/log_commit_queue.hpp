#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>

#include <rocksdb/write_batch.h>

#include "common/metrics/histogram.hpp"
#include "nsqd/storage/commit_queue.hpp"
#include "nsqd/storage/committer.hpp"
#include "nsqd/storage/database.hpp"
#include "nsqd/storage/turn.hpp"

namespace nsqd {

/// The CommitQueue that writes to the log. A turn is one write, done by the thread itself; only
/// what must wait for the disk goes to the committer, and everything behind it follows it there, so
/// that commits end in their order.
class LogCommitQueue final : public CommitQueue {
 public:
  struct Context {
    Database& database;
    Committer& committer;
    Log& log;
    /// A turn was written: so many bytes.
    std::function<void(std::size_t)> wrote;
    /// Runs a function on the queue's thread, where commit() must follow.
    std::function<void(std::move_only_function<void()>)> post;
    /// Where each commit's duration is recorded, on the queue's thread; null: nowhere.
    nsq::metrics::LatencyHistogram* latency = nullptr;
  };
  explicit LogCommitQueue(Context context) : context_(std::move(context)) {}

  nsq::Result<void> available() const override;
  Ticket append(Topic& topic, const Run& run, const Audience& audience) override;
  Ticket defer(Topic& topic, const DeferredMessage& message) override;
  void drop_deferred(Topic& topic, const DeferredMessage& message) override;
  void discard_deferred(Topic& topic, const DeferredMessage& message) override;

  void when_committed(Ticket ticket, Callback done) override;
  bool congested() const override;
  bool commit() override;

 private:
  /// A turn that the committer has, or that follows one.
  struct Outside {
    Ticket ticket;
    Turn turn;
    nsq::MonoTime began;
  };
  struct Waiting {
    Ticket ticket;
    Callback done;
  };

  void commit_turn();
  bool save_topics();
  void hand_over(Ticket ticket, bool written, bool sync, nsq::MonoTime began);
  void ended_outside(rocksdb::Status status);
  void finish(Ticket ticket, Turn& turn, const rocksdb::Status& status, nsq::MonoTime began);
  void tell();

  const Context context_;
  Turn turn_;  // the open one
  rocksdb::WriteBatch batch_;
  Ticket open_ = 1;
  Ticket done_ = 0;
  std::deque<Outside> outside_;
  std::size_t outside_bytes_ = 0;
  std::deque<Waiting> waiting_;
  std::map<Ticket, nsq::Error> failed_;  // of those that somebody waits for
};

}  // namespace nsqd
