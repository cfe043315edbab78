#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "common/base/result.hpp"

namespace nsqd {

/// Pushes datagrams to a statsd daemon, once an interval, the first after one interval. Those of
/// one push are spread over the interval but for its last second. Lives on the thread of its
/// executor. Source: spec/nsqd.md 8.
class StatsdPusher {
 public:
  struct Settings {
    std::string address;  ///< host:port, resolved anew for each push
    nsq::Nanoseconds interval{};
  };
  /// @param report  makes the datagrams of a push; outlives run().
  StatsdPusher(boost::asio::any_io_executor executor, Settings settings,
               std::function<std::vector<std::string>()> report, nsq::Logger log);

  /// Pushes until stop().
  boost::asio::awaitable<void> run();

  /// Has run() end: what is left of the push at hand is sent without pauses.
  void stop();

 private:
  boost::asio::awaitable<nsq::Result<boost::asio::ip::udp::socket>> connect();
  boost::asio::awaitable<void> push();
  void send(boost::asio::ip::udp::socket& socket, const std::string& datagram);
  /// Until then or stop().
  boost::asio::awaitable<void> sleep_until(nsq::MonoTime when);

  const boost::asio::any_io_executor executor_;
  const Settings settings_;
  const std::function<std::vector<std::string>()> report_;
  const nsq::Logger log_;
  boost::asio::steady_timer timer_;
  bool stopping_ = false;
};

}  // namespace nsqd
