#include "nsqd/session/io_thread.hpp"

#include <utility>

#include <boost/asio/post.hpp>

#include "common/base/thread_name.hpp"

namespace nsqd {
namespace {

/// Handlers that one turn runs at most: bounds how long a reply waits for its write.
constexpr int kHandlersPerTurn = 64;

}  // namespace

DeadlineTimer::DeadlineTimer(boost::asio::io_context& context, std::function<void()> after)
    : context_(context),
      after_(std::move(after)),
      timer_(context),
      index_([this] { boost::asio::post(context_, [this] { reset(); }); }) {}

void DeadlineTimer::stop() {
  stopped_ = true;
  timer_.cancel();
}

void DeadlineTimer::reset() {
  const auto next = index_.next();
  if (stopped_ || !next) return;
  timer_.expires_at(*next);
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;  // set anew, or stopped
    index_.expire_due(nsq::read_clock());
    if (after_) after_();
    reset();
  });
}

IoThread::IoThread(const MakeCommits& make_commits, nsq::Logger logger)
    : commits_(make_commits(context_)),
      timer_(context_),
      tasks_(context_.get_executor(), std::move(logger)) {}

IoThread::~IoThread() {
  stop();
  join();
}

void IoThread::start() {
  thread_ = std::thread([this] { run(); });
}

void IoThread::run() {
  nsq::name_this_thread("nsqd-io");
  id_ = std::this_thread::get_id();
  const auto work = boost::asio::make_work_guard(context_);
  bool left_over = false;
  while (!stopped_.load(std::memory_order_relaxed)) {
    // With something left over from the last turn, look without waiting.
    int handled = left_over ? 0 : static_cast<int>(context_.run_one());
    while (handled < kHandlersPerTurn && context_.poll_one() > 0) ++handled;
    left_over = end_turn();
  }
}

void IoThread::stop() {
  stopped_.store(true, std::memory_order_relaxed);
  boost::asio::post(context_, [] {});  // ends the wait
}

void IoThread::join() {
  if (thread_.joinable()) thread_.join();
}

void IoThread::schedule(std::shared_ptr<TurnEnd> what) {
  if (std::exchange(what->scheduled_, true)) return;
  scheduled_.push_back(std::move(what));
}

void IoThread::schedule_from_anywhere(std::shared_ptr<TurnEnd> what) {
  if (is_current()) {
    schedule(std::move(what));
    return;
  }
  bool first = false;
  {
    const nsq::MutexLock lock(inbox_mutex_);
    first = inbox_.empty();
    inbox_.push_back(std::move(what));
  }
  if (first) boost::asio::post(context_, [this] { take_inbox(); });
}

void IoThread::take_inbox() {
  std::vector<std::shared_ptr<TurnEnd>> arrived;
  {
    const nsq::MutexLock lock(inbox_mutex_);
    arrived.swap(inbox_);
  }
  for (auto& what : arrived) schedule(std::move(what));
}

bool IoThread::end_turn() {
  const bool more_to_commit = commits_->commit();
  running_.swap(scheduled_);
  for (const auto& what : running_) {
    what->scheduled_ = false;
    what->end_turn();
  }
  running_.clear();
  return more_to_commit || !scheduled_.empty();
}

}  // namespace nsqd
