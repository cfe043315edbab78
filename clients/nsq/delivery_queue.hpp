#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "clients/nsq/message.hpp"
#include "common/base/clock.hpp"
#include "common/base/mutex.hpp"

namespace nsq::client {

/// Messages that wait for a handler. Filled and closed on the executor; taken by threads and by
/// coroutines of the executor, whoever comes first.
///
/// A message that was not taken before its timeout belongs to somebody else by then: it is dropped,
/// which also bounds the queue while every handler is stuck. Threads: a monitor.
class DeliveryQueue {
 public:
  explicit DeliveryQueue(const boost::asio::any_io_executor& executor)
      : ready_(executor, boost::asio::steady_timer::time_point::max()) {}

  /// Executor. Drops what has expired before it.
  void push(Message message, MonoTime now) NSQ_EXCLUDES(mu_);

  /// Any thread: waits; nothing once closed.
  std::optional<Message> pop_blocking() NSQ_EXCLUDES(mu_);
  /// Executor: the same. The queue must outlive the returned awaitable.
  boost::asio::awaitable<std::optional<Message>> pop();

  /// Executor. Drops what waits and ends every pop.
  void close() NSQ_EXCLUDES(mu_);

  /// Messages dropped because they had expired.
  std::uint64_t expired() const NSQ_EXCLUDES(mu_);

 private:
  struct Entry {
    Message message;
    MonoTime expires;
  };
  enum class Take : std::uint8_t { got, empty, closed };
  Take take(std::optional<Message>& to, std::deque<Entry>& stale) NSQ_REQUIRES(mu_);
  void drop_expired(MonoTime now, std::deque<Entry>& stale) NSQ_REQUIRES(mu_);

  mutable Mutex mu_;
  std::condition_variable_any arrived_;
  std::deque<Entry> entries_ NSQ_GUARDED_BY(mu_);
  std::uint64_t expired_ NSQ_GUARDED_BY(mu_) = 0;
  unsigned waiting_threads_ NSQ_GUARDED_BY(mu_) = 0;
  bool closed_ NSQ_GUARDED_BY(mu_) = false;
  // Executor only.
  boost::asio::steady_timer ready_;
  unsigned waiting_coroutines_ = 0;
};

}  // namespace nsq::client
