#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"

namespace nsq::net {

/// Runs coroutines side by side and knows about each: logs what escapes, counts what runs, cancels
/// it and awaits its end. It takes the place of asio::detached.
///
/// Threads: lives on the thread that runs its executor; every member is called there (before that
/// thread runs, from the one that will start it). A daemon has one group a thread.
/// Destroying a group that still has tasks asks them to cancel and does not wait; their frames end
/// with the executor's context at the latest.
class TaskGroup {
 public:
  TaskGroup(boost::asio::any_io_executor executor, Logger logger);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts `task` on the group's executor (never inside this call). An exception that leaves it
  /// is logged as an error under `name` and ends only this task; operation_aborted after cancel()
  /// is not logged. What the task refers to must live until it ended. After cancel() the task is
  /// dropped without having run.
  void spawn(std::string name, boost::asio::awaitable<void> task);

  /// Tasks that were spawned and have not ended.
  std::size_t running() const noexcept;

  /// Cancels every task (terminal cancellation: its current asynchronous operation ends with
  /// operation_aborted, and the next co_await throws) and takes no more. Does not wait.
  void cancel();

  /// Waits until no task runs. Must not be awaited by one of the tasks.
  boost::asio::awaitable<void> wait();

  /// The same with a limit. @return whether no task runs.
  boost::asio::awaitable<bool> wait_until(MonoTime deadline);

  /// Waits for up to `grace`, then cancels what is left and waits for its end.
  boost::asio::awaitable<void> stop(Nanoseconds grace);

  const boost::asio::any_io_executor& executor() const noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace nsq::net
