#include "clients/nsq/reconnect.hpp"

#include <catch2/catch.hpp>

using namespace nsq;
using namespace nsq::client;

TEST_CASE("delays double up to the maximum", "[client][reconnect]") {
  ReconnectSchedule schedule(Milliseconds(250), Seconds(2), [] { return 0.5; });
  CHECK(schedule.next() == Milliseconds(125));
  CHECK(schedule.next() == Milliseconds(250));
  CHECK(schedule.next() == Milliseconds(500));
  CHECK(schedule.next() == Seconds(1));
  CHECK(schedule.next() == Seconds(1));
}

TEST_CASE("jitter reaches from nothing to the whole range", "[client][reconnect]") {
  double random = 0;
  ReconnectSchedule schedule(Milliseconds(250), Seconds(2), [&] { return random; });
  CHECK(schedule.next() == Nanoseconds(0));
  random = 0.999;
  CHECK(schedule.next() > Milliseconds(490));
}

TEST_CASE("a minute of health starts over", "[client][reconnect]") {
  ReconnectSchedule schedule(Milliseconds(200), Seconds(60), [] { return 0.5; });
  for (int i = 0; i < 5; ++i) (void)schedule.next();
  CHECK_FALSE(schedule.lived(Seconds(59)));
  CHECK(schedule.next() > Seconds(2));
  CHECK(schedule.lived(Seconds(60)));
  CHECK(schedule.next() == Milliseconds(100));
}

TEST_CASE("a refusal waits for the longest time", "[client][reconnect]") {
  const ReconnectSchedule schedule(Milliseconds(250), Seconds(60), [] { return 0.5; });
  CHECK(schedule.after_refusal() == Seconds(60));
}
