#pragma once

#include <functional>
#include <future>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

namespace nsq::client {

/// A thread with an event loop, for programs that have none: Producers and Consumers live on its
/// executor. Must outlive them. Any other thread may call it.
class IoThread {
 public:
  IoThread() : work_(context_.get_executor()), thread_([this] { context_.run(); }) {}
  /// Stops the loop where it is.
  ~IoThread() {
    context_.stop();
    thread_.join();
  }
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  boost::asio::any_io_executor executor() { return context_.get_executor(); }

  /// Runs a coroutine on the loop and waits for what it returns.
  template <class T>
  T wait(boost::asio::awaitable<T> work) {
    auto result = boost::asio::co_spawn(context_, boxed(std::move(work)), boost::asio::use_future);
    return *result.get();
  }

  /// Runs a function on the loop and waits for its end.
  void call(std::function<void()> work) {
    std::packaged_task<void()> task(std::move(work));
    auto done = task.get_future();
    boost::asio::post(context_, [&task] { task(); });
    done.get();
  }

 private:
  /// co_spawn wants a default constructor.
  template <class T>
  static boost::asio::awaitable<std::optional<T>> boxed(boost::asio::awaitable<T> work) {
    std::optional<T> value(co_await std::move(work));
    co_return value;
  }

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace nsq::client
