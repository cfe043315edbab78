#include "nsqd/session/io_thread.hpp"

#include <chrono>
#include <future>
#include <memory>

#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include "tests/support/log/memory_log.hpp"

using namespace nsqd;

TEST_CASE("who publishes again when told is told again, though nothing else happens on the thread",
          "[session][turn]") {
  const nsq::Now now = nsq::read_clock();
  test::MemoryLog log(now);
  IoThread thread([&](boost::asio::io_context&) { return log.make_journal(); }, nsq::Logger());
  thread.start();
  std::promise<void> told_twice;
  boost::asio::post(thread.context(), [&] {
    thread.commits().when_committed(0, [&](const nsq::Result<void>&) {
      thread.commits().when_committed(0, [&](const nsq::Result<void>&) { told_twice.set_value(); });
    });
  });
  // Only an answer that never comes takes the time.
  CHECK(told_twice.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  thread.stop();
  thread.join();
}
