#include "common/net/task_group.hpp"

#include <algorithm>
#include <exception>
#include <list>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace nsq::net {
namespace asio = boost::asio;

namespace {

struct Task {
  explicit Task(std::string task_name) : name(std::move(task_name)) {}
  std::string name;
  asio::cancellation_signal signal;
  bool ended = false;
};

}  // namespace

struct TaskGroup::State {
  State(asio::any_io_executor ex, Logger log) : executor(std::move(ex)), logger(std::move(log)) {}

  void end(std::list<Task>::iterator task, const std::exception_ptr& error);
  void report(const std::string& name, const std::exception_ptr& error) const;
  void cancel();

  asio::any_io_executor executor;
  Logger logger;
  std::list<Task> tasks;
  std::size_t running = 0;
  bool cancelled = false;
  bool emitting = false;  // inside cancel(): tasks may end, their records must stay
  std::vector<asio::steady_timer*> waiters;
};

void TaskGroup::State::end(std::list<Task>::iterator task, const std::exception_ptr& error) {
  if (error) report(task->name, error);
  task->ended = true;
  if (!emitting) tasks.erase(task);
  if (--running > 0) return;
  for (auto* waiter : waiters) waiter->cancel();
}

void TaskGroup::State::report(const std::string& name, const std::exception_ptr& error) const {
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& e) {
    if (cancelled && e.code() == asio::error::operation_aborted) return;
    logger.error("{}: {}", name, e.what());
  } catch (const std::exception& e) {
    logger.error("{}: {}", name, e.what());
  } catch (...) {
    logger.error("{}: unknown exception", name);
  }
}

void TaskGroup::State::cancel() {
  if (cancelled) return;
  cancelled = true;
  emitting = true;
  for (auto& task : tasks) {
    if (!task.ended) task.signal.emit(asio::cancellation_type::terminal);
  }
  emitting = false;
  tasks.remove_if([](const Task& task) { return task.ended; });
}

TaskGroup::TaskGroup(asio::any_io_executor executor, Logger logger)
    : state_(std::make_shared<State>(std::move(executor), std::move(logger))) {}

TaskGroup::~TaskGroup() {
  state_->cancel();
}

void TaskGroup::spawn(std::string name, asio::awaitable<void> task) {
  if (state_->cancelled) return;
  state_->tasks.emplace_back(std::move(name));
  ++state_->running;
  const auto record = std::prev(state_->tasks.end());
  asio::co_spawn(
      state_->executor, std::move(task),
      asio::bind_cancellation_slot(record->signal.slot(),
                                   [state = state_, record](const std::exception_ptr& error) {
                                     state->end(record, error);
                                   }));
}

std::size_t TaskGroup::running() const noexcept {
  return state_->running;
}

void TaskGroup::cancel() {
  state_->cancel();
}

asio::awaitable<void> TaskGroup::wait() {
  co_await wait_until(MonoTime::max());
}

asio::awaitable<bool> TaskGroup::wait_until(MonoTime deadline) {
  const auto state = state_;
  asio::steady_timer timer(state->executor, deadline);
  struct Registration {
    State& state;
    asio::steady_timer* timer;
    ~Registration() { std::erase(state.waiters, timer); }
  };
  state->waiters.push_back(&timer);
  const Registration registration{*state, &timer};
  while (state->running > 0) {
    auto [ec] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!ec) break;  // the deadline; a cancelled wait means that the last task ended
  }
  co_return state->running == 0;
}

asio::awaitable<void> TaskGroup::stop(Nanoseconds grace) {
  const bool ended = co_await wait_until(read_clock().mono + grace);
  if (ended) co_return;
  cancel();
  co_await wait();
}

const asio::any_io_executor& TaskGroup::executor() const noexcept {
  return state_->executor;
}

}  // namespace nsq::net
