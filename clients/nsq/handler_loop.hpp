#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "clients/nsq/consumer.hpp"
#include "clients/nsq/delivery_queue.hpp"
#include "clients/nsq/message.hpp"
#include "common/base/log.hpp"
#include "common/base/mutex.hpp"

namespace nsq::client {

/// What a Consumer's handlers share, and keep alive until the last of them returns.
struct HandlerContext {
  HandlerContext(const boost::asio::any_io_executor& executor) : queue(executor) {}

  DeliveryQueue queue;
  Logger logger;
  std::string tag;
  std::int64_t max_attempts = 0;
  std::function<GiveUp(const Message&)> give_up;
  std::atomic<std::uint64_t> given_up = 0;
};

/// Gives a message up that was tried too often, and answers it; false then. Any thread.
/// Source: spec/client.md 9.2.
bool admit(HandlerContext& context, const Message& message);

/// A handler as a coroutine loop: takes messages until the queue is closed.
boost::asio::awaitable<void> run_handler(std::shared_ptr<HandlerContext> context,
                                         Consumer::AsyncHandler handler);

/// Threads that run handlers which may block. Lives on the Consumer's executor.
class HandlerThreads {
 public:
  /// @param on_exit runs on a thread that ends; must be callable at any time.
  HandlerThreads(std::shared_ptr<HandlerContext> context, std::function<void()> on_exit);

  void start(Consumer::Handler handler, unsigned count);
  unsigned running() const;
  /// With the queue closed: waits until the threads have ended, but for the calling one, at most
  /// for `limit`. Those that have not go on by themselves, with what they hold of the context.
  void join(Nanoseconds limit);

 private:
  struct Shared;
  std::shared_ptr<HandlerContext> context_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace nsq::client
