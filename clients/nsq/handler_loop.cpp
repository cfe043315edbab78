#include "clients/nsq/handler_loop.hpp"

#include <condition_variable>
#include <exception>
#include <set>
#include <thread>
#include <utility>

namespace nsq::client {

namespace {

std::string describe(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown exception";
  }
}

/// Answers for a handler that left it to its result.
void settle(const HandlerContext& context, const Message& message, const Result<void>& result) {
  const bool answer = message.auto_response() && !message.has_responded();
  if (!result) {
    context.logger.error("{} Handler returned error ({}) for msg {}", context.tag,
                         result.error().text(), message.id().view());
  }
  if (!answer) return;
  if (result) {
    message.finish();
  } else {
    message.requeue();
  }
}

}  // namespace

bool admit(HandlerContext& context, const Message& message) {
  if (context.max_attempts == 0 || message.attempts() <= context.max_attempts) return true;
  context.given_up.fetch_add(1, std::memory_order_relaxed);
  GiveUp verdict;
  try {
    if (context.give_up) {
      verdict = context.give_up(message);
    } else {
      context.logger.warn("{} msg {} attempted {} times, giving up", context.tag,
                          message.id().view(), message.attempts());
    }
  } catch (...) {
    context.logger.error("{} give-up hook: {}", context.tag, describe(std::current_exception()));
  }
  if (verdict.requeue_after) {
    message.requeue_without_backoff(verdict.requeue_after);
  } else {
    message.finish();
  }
  return false;
}

boost::asio::awaitable<void> run_handler(std::shared_ptr<HandlerContext> context,
                                         Consumer::AsyncHandler handler) {
  for (;;) {
    auto message = co_await context->queue.pop();
    if (!message) co_return;
    if (!admit(*context, *message)) continue;
    Result<void> result;
    try {
      result = co_await handler(*message);
    } catch (...) {
      result = fail(Errc::rejected, describe(std::current_exception()));
    }
    settle(*context, *message, result);
  }
}

struct HandlerThreads::Shared {
  Mutex mu;
  std::condition_variable_any ended;
  std::set<std::thread::id> running NSQ_GUARDED_BY(mu);
  std::function<void()> on_exit;  // constant
};

namespace {

void handle_all(HandlerContext& context, const Consumer::Handler& handler) {
  while (auto message = context.queue.pop_blocking()) {
    if (!admit(context, *message)) continue;
    Result<void> result;
    try {
      result = handler(*message);
    } catch (...) {
      result = fail(Errc::rejected, describe(std::current_exception()));
    }
    settle(context, *message, result);
  }
}

}  // namespace

HandlerThreads::HandlerThreads(std::shared_ptr<HandlerContext> context,
                               std::function<void()> on_exit)
    : context_(std::move(context)), shared_(std::make_shared<Shared>()) {
  shared_->on_exit = std::move(on_exit);
}

void HandlerThreads::start(Consumer::Handler handler, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    const MutexLock lock(shared_->mu);
    std::thread thread([context = context_, shared = shared_, handler] {
      handle_all(*context, handler);
      {
        const MutexLock inner(shared->mu);
        shared->running.erase(std::this_thread::get_id());
        shared->ended.notify_all();
      }
      shared->on_exit();
    });
    shared_->running.insert(thread.get_id());
    thread.detach();
  }
}

unsigned HandlerThreads::running() const {
  const MutexLock lock(shared_->mu);
  return static_cast<unsigned>(shared_->running.size());
}

void HandlerThreads::join(Nanoseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  const MutexLock lock(shared_->mu);
  const std::size_t own = shared_->running.contains(std::this_thread::get_id()) ? 1 : 0;
  while (shared_->running.size() > own) {
    if (shared_->ended.wait_until(shared_->mu, deadline) == std::cv_status::timeout) return;
  }
}

}  // namespace nsq::client
