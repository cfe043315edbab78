#include "nsqd/stats/statsd_pusher.hpp"

#include <string>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "common/base/clock.hpp"

using namespace nsqd;
using boost::asio::ip::udp;

namespace {

/// A pusher and the port that it sends to, on one context.
struct PusherFixture {
  explicit PusherFixture(nsq::Nanoseconds interval, std::size_t datagrams)
      : pusher(
            io.get_executor(),
            {.address = "127.0.0.1:" + std::to_string(port.local_endpoint().port()),
             .interval = interval},
            [this, datagrams] {
              ++reports;
              return std::vector<std::string>(datagrams, "k:1|g\n");
            },
            nsq::Logger()) {
    boost::asio::co_spawn(io, pusher.run(), [this](const std::exception_ptr& error) {
      failed = error != nullptr;
      ended = true;
    });
  }

  /// Runs until that many datagrams came, and no longer than the pusher does.
  void receive(std::size_t count) {
    while (received < count) {
      char text[64];
      std::size_t size = 0;
      bool arrived = false;
      port.async_receive(boost::asio::buffer(text), [&](auto error, std::size_t bytes) {
        arrived = !error;
        size = bytes;
      });
      while (!arrived) REQUIRE(io.run_one_for(std::chrono::seconds(20)) == 1);
      CHECK(std::string(text, size) == "k:1|g\n");
      ++received;
    }
  }

  boost::asio::io_context io{1};
  // The pusher may end before all that it sent was received.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  udp::socket port{io, udp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  StatsdPusher pusher;
  int reports = 0;
  std::size_t received = 0;
  bool ended = false;
  bool failed = false;
};

}  // namespace

TEST_CASE("8 an interval of up to a second is not spread, and pushes follow each other",
          "[nsqd][stats][statsd]") {
  PusherFixture f(nsq::Milliseconds(20), 3);
  f.receive(7);
  CHECK(f.reports >= 3);
  f.pusher.stop();
  while (!f.ended) REQUIRE(f.io.run_one_for(std::chrono::seconds(20)) == 1);
  CHECK_FALSE(f.failed);
}

TEST_CASE("8 what is left of a push is sent at once when the daemon stops",
          "[nsqd][stats][statsd]") {
  PusherFixture f(nsq::Milliseconds(1500), 10);
  f.receive(1);
  f.pusher.stop();
  f.receive(10);
  while (!f.ended) REQUIRE(f.io.run_one_for(std::chrono::seconds(20)) == 1);
  CHECK(f.reports == 1);
  CHECK_FALSE(f.failed);
}
