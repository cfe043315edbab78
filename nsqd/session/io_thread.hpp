#pragma once

#include <sys/uio.h>

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/base/bytes.hpp"
#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "common/base/mutex.hpp"
#include "common/net/task_group.hpp"
#include "common/wire/message.hpp"
#include "nsqd/queue/channel.hpp"
#include "nsqd/queue/deadline_index.hpp"
#include "nsqd/stats/thread_metrics.hpp"
#include "nsqd/storage/commit_queue.hpp"

namespace nsqd {

/// Something that writes what it has gathered when its thread's turn ends.
class TurnEnd {
 public:
  virtual ~TurnEnd() = default;

  /// Called once at the end of the turn for which it was scheduled, after the turn's commit.
  virtual void end_turn() = 0;

 private:
  friend class IoThread;
  bool scheduled_ = false;  // touched on the I/O thread only
};

/// Drives a DeadlineIndex with a timer of an io_context. Lives on that context's thread, but for
/// `notice`, which is what the index calls from any thread when its first deadline became earlier.
class DeadlineTimer {
 public:
  /// @param after  called after each look at what is due.
  explicit DeadlineTimer(boost::asio::io_context& context, std::function<void()> after = {});

  DeadlineIndex& index() noexcept { return index_; }

  /// Lets go of the timer, so that the context can run out of work.
  void stop();

 private:
  void reset();

  boost::asio::io_context& context_;
  const std::function<void()> after_;
  boost::asio::steady_timer timer_;
  bool stopped_ = false;
  DeadlineIndex index_;
};

/// Memory that the sessions of one thread share, since only one of them runs at a time: none of it
/// is kept while a session is suspended.
struct Scratch {
  std::vector<char> read = std::vector<char>(256 * 1024);
  std::vector<std::string_view> bodies;
  std::vector<nsq::wire::MessageId> ids;
  std::vector<AnswerFailure> failures;
  std::vector<Run> runs;
  std::vector<iovec> parts;
  std::vector<char> headers;
};

/// A thread with its event loop, on which connections live for life.
///
/// It works in turns. A turn runs the handlers that are ready, then commits all that they
/// published, then lets each session that was scheduled write. So replies and messages leave in as
/// few writes as the load allows, and nobody waits while there is nothing to add.
class IoThread {
 public:
  /// @param make_commits  makes the thread's commit queue, whose callbacks run here.
  using MakeCommits = std::function<std::unique_ptr<CommitQueue>(boost::asio::io_context&)>;
  IoThread(const MakeCommits& make_commits, nsq::Logger logger);
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  /// Starts the thread; without it, run() uses the caller's.
  void start();
  /// Runs turns until stop().
  void run();
  /// Ends run() after the current turn. Any thread.
  void stop();
  void join();

  boost::asio::io_context& context() noexcept { return context_; }

  /// Written on the thread itself, read on any.
  ThreadMetrics& metrics() noexcept { return metrics_; }

  // --- the rest on the thread itself ---

  bool is_current() const noexcept { return std::this_thread::get_id() == id_; }

  /// Has `what` write at the end of this turn, once however often it is asked for.
  void schedule(std::shared_ptr<TurnEnd> what);

  /// The same from any thread: at the end of one of the next turns.
  void schedule_from_anywhere(std::shared_ptr<TurnEnd> what);

  CommitQueue& commits() noexcept { return *commits_; }
  /// Deadlines of this thread's sessions.
  DeadlineIndex& deadlines() noexcept { return timer_.index(); }
  nsq::net::TaskGroup& tasks() noexcept { return tasks_; }
  Scratch& scratch() noexcept { return scratch_; }

 private:
  /// @return whether the next turn has something to do already.
  bool end_turn();
  void take_inbox();

  boost::asio::io_context context_{1};
  ThreadMetrics metrics_;
  std::unique_ptr<CommitQueue> commits_;
  DeadlineTimer timer_;
  nsq::net::TaskGroup tasks_;
  Scratch scratch_;
  std::vector<std::shared_ptr<TurnEnd>> scheduled_;
  std::vector<std::shared_ptr<TurnEnd>> running_;  // those of the turn that ends
  std::thread thread_;
  std::thread::id id_;
  std::atomic<bool> stopped_{false};

  nsq::Mutex inbox_mutex_;  // a leaf
  std::vector<std::shared_ptr<TurnEnd>> inbox_ NSQ_GUARDED_BY(inbox_mutex_);
};

}  // namespace nsqd
