#include "nsqlookupd/http/lookup_waiters.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace nsqlookupd {

namespace asio = boost::asio;

asio::awaitable<void> LookupWaiters::wait(std::string topic, nsq::MonoTime until) {
  if (stopped_) co_return;
  // The scope's end, also by cancellation, takes it off the table.
  struct Entry {
    explicit Entry(LookupWaiters& waiters, std::string name, nsq::MonoTime time)
        : table(waiters.by_topic_),
          place(table.emplace(std::move(name), asio::steady_timer(waiters.executor_, time))) {}
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() { table.erase(place); }

    decltype(by_topic_)& table;
    decltype(by_topic_)::iterator place;
  };
  const Entry entry(*this, std::move(topic), until);
  // Cancelled is woken, and either way the caller looks again.
  co_await entry.place->second.async_wait(asio::as_tuple(asio::use_awaitable));
}

void LookupWaiters::topic_changed(std::string_view topic) {
  if (by_topic_.empty()) return;
  const auto [first, last] = by_topic_.equal_range(topic);
  for (auto waiter = first; waiter != last; ++waiter) waiter->second.cancel();
}

void LookupWaiters::stop() {
  stopped_ = true;
  for (auto& [topic, timer] : by_topic_) timer.cancel();
}

}  // namespace nsqlookupd
