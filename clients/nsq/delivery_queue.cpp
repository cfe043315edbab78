#include "clients/nsq/delivery_queue.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace nsq::client {

namespace asio = boost::asio;

// Dropped messages die outside the lock: their end is a response, which locks elsewhere.

void DeliveryQueue::push(Message message, MonoTime now) {
  const Nanoseconds timeout = message.timeout();
  std::deque<Entry> stale;
  bool thread = false;
  {
    const MutexLock lock(mu_);
    if (closed_) return;
    drop_expired(now, stale);
    entries_.push_back({std::move(message), now + timeout});
    thread = waiting_threads_ > 0;
  }
  if (thread) {
    arrived_.notify_one();
  } else if (waiting_coroutines_ > 0) {
    ready_.cancel_one();
  }
}

void DeliveryQueue::drop_expired(MonoTime now, std::deque<Entry>& stale) {
  while (!entries_.empty() && entries_.front().expires <= now) {
    stale.push_back(std::move(entries_.front()));
    entries_.pop_front();
    ++expired_;
  }
}

DeliveryQueue::Take DeliveryQueue::take(std::optional<Message>& to, std::deque<Entry>& stale) {
  if (closed_) return Take::closed;
  if (!entries_.empty()) drop_expired(read_clock().mono, stale);
  if (entries_.empty()) return Take::empty;
  to = std::move(entries_.front().message);
  entries_.pop_front();
  return Take::got;
}

std::optional<Message> DeliveryQueue::pop_blocking() {
  std::optional<Message> message;
  for (;;) {
    std::deque<Entry> stale;
    const MutexLock lock(mu_);
    const Take took = take(message, stale);
    if (took != Take::empty) return message;
    ++waiting_threads_;
    if (stale.empty()) arrived_.wait(mu_);
    --waiting_threads_;
  }
}

asio::awaitable<std::optional<Message>> DeliveryQueue::pop() {
  for (;;) {
    std::optional<Message> message;
    Take took;
    {
      std::deque<Entry> stale;
      const MutexLock lock(mu_);
      took = take(message, stale);
    }
    if (took != Take::empty) co_return message;
    ++waiting_coroutines_;
    co_await ready_.async_wait(asio::as_tuple(asio::use_awaitable));
    --waiting_coroutines_;
  }
}

void DeliveryQueue::close() {
  std::deque<Entry> dropped;
  {
    const MutexLock lock(mu_);
    closed_ = true;
    dropped.swap(entries_);
  }
  arrived_.notify_all();
  ready_.cancel();
}

std::uint64_t DeliveryQueue::expired() const {
  const MutexLock lock(mu_);
  return expired_;
}

}  // namespace nsq::client
