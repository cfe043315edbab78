#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/base/clock.hpp"

namespace nsqlookupd {

/// The requests that wait until the answer about a topic is another one. Lives on the registry's
/// thread; outlives the coroutines that wait.
class LookupWaiters {
 public:
  explicit LookupWaiters(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
  ~LookupWaiters() = default;
  LookupWaiters(const LookupWaiters&) = delete;
  LookupWaiters& operator=(const LookupWaiters&) = delete;

  /// Waits until topic_changed(topic), until the time has come, or until stop(). May also end for
  /// no reason: the caller looks again.
  boost::asio::awaitable<void> wait(std::string topic, nsq::MonoTime until);

  /// Wakes those who wait for the topic. Runs none of them before it returns.
  void topic_changed(std::string_view topic);

  /// Wakes all, and lets nobody wait from now on.
  void stop();
  bool stopped() const noexcept { return stopped_; }

  std::size_t size() const noexcept { return by_topic_.size(); }

 private:
  boost::asio::any_io_executor executor_;
  std::multimap<std::string, boost::asio::steady_timer, std::less<>> by_topic_;
  bool stopped_ = false;
};

}  // namespace nsqlookupd
