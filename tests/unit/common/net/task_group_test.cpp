#include "common/net/task_group.hpp"

#include <stdexcept>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "tests/support/recording_sink.hpp"
#include "tests/support/run.hpp"

namespace nsq::net {
namespace {

namespace asio = boost::asio;

struct Fixture {
  asio::io_context context;
  std::shared_ptr<test::RecordingSink> sink = std::make_shared<test::RecordingSink>();
  TaskGroup group{context.get_executor(), Logger(sink, LogLevel::debug)};
};

/// Waits until it is cancelled.
asio::awaitable<void> forever(asio::any_io_executor executor) {
  asio::steady_timer timer(executor, MonoTime::max());
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> throwing() {
  throw std::runtime_error("out of cheese");
  co_return;
}

asio::awaitable<void> set(bool& flag) {
  flag = true;
  co_return;
}

TEST_CASE_METHOD(Fixture, "a task runs later and is counted until it ends", "[net][task]") {
  bool ran = false;
  group.spawn("flag", set(ran));
  CHECK_FALSE(ran);
  CHECK(group.running() == 1);
  test::run(context, group.wait());
  CHECK(ran);
  CHECK(group.running() == 0);
  CHECK(sink->lines().empty());
}

TEST_CASE_METHOD(Fixture, "what escapes a task is logged and ends only that task", "[net][task]") {
  bool ran = false;
  group.spawn("cheese", throwing());
  group.spawn("flag", set(ran));
  test::run(context, group.wait());
  CHECK(ran);
  CHECK(sink->lines() == std::vector<std::string>{"cheese: out of cheese"});
}

TEST_CASE_METHOD(Fixture, "cancel ends every task quietly, and takes no more", "[net][task]") {
  for (int i = 0; i < 3; ++i) group.spawn("forever", forever(context.get_executor()));
  const bool ended = test::run(context, group.wait_until(read_clock().mono + Milliseconds(1)));
  CHECK_FALSE(ended);
  CHECK(group.running() == 3);
  group.cancel();
  test::run(context, group.wait());
  CHECK(group.running() == 0);
  CHECK(sink->lines().empty());

  bool ran = false;
  group.spawn("late", set(ran));
  CHECK(group.running() == 0);
  context.restart();
  context.run();
  CHECK_FALSE(ran);
}

TEST_CASE_METHOD(Fixture, "stop waits for what ends and cancels what does not", "[net][task]") {
  bool ran = false;
  group.spawn("flag", set(ran));
  group.spawn("forever", forever(context.get_executor()));
  test::run(context, group.stop(Milliseconds(1)));
  CHECK(ran);
  CHECK(group.running() == 0);
}

TEST_CASE_METHOD(Fixture, "waiting for an empty group returns at once", "[net][task]") {
  test::run(context, group.wait());
  const bool ended = test::run(context, group.wait_until(MonoTime::min()));
  CHECK(ended);
}

TEST_CASE("a group may go before its tasks", "[net][task]") {
  asio::io_context context;
  bool ran = false;
  {
    TaskGroup group(context.get_executor(), Logger());
    group.spawn("forever", forever(context.get_executor()));
    group.spawn("flag", set(ran));
  }
  context.run();  // returns: the cancelled task has ended
}

}  // namespace
}  // namespace nsq::net
