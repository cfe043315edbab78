#include "clients/nsq/lookup_pace.hpp"

#include <catch2/catch.hpp>

using namespace nsq;
using namespace nsq::client;

namespace {
Options options() {
  Options o;
  o.lookupd_poll_interval = Seconds(60);
  o.lookupd_poll_jitter = 0.3;
  o.reconnect_min = Milliseconds(250);
  return o;
}
constexpr Nanoseconds kShort = Milliseconds(1);
}  // namespace

TEST_CASE("one that does not wait is polled, the first time with jitter", "[client][discovery]") {
  LookupPace pace(options(), [] { return 0.5; });
  CHECK_FALSE(pace.waits());
  CHECK(pace.after_answer(std::nullopt, kShort) == Seconds(69));
  CHECK(pace.after_answer(std::nullopt, kShort) == Seconds(60));
  pace.after_failure();
  CHECK(pace.after_answer(std::nullopt, kShort) == Seconds(60));
  CHECK_FALSE(pace.waits());
  CHECK(pace.index() == 0);
}

TEST_CASE("one that waits is asked again with its index, but not in a rush",
          "[client][discovery]") {
  LookupPace pace(options(), [] { return 0.5; });
  CHECK(pace.after_answer(7, kShort) == Nanoseconds(0));
  CHECK(pace.waits());
  CHECK(pace.index() == 7);
  CHECK(pace.after_answer(6, kShort) == Milliseconds(19));
  CHECK(pace.after_answer(8, Seconds(3)) == Nanoseconds(0));
  CHECK(pace.after_answer(8, LookupPace::kWait) == Nanoseconds(0));
  CHECK(pace.index() == 8);
}

TEST_CASE("one that says it waits and does not is asked less and less", "[client][discovery]") {
  LookupPace pace(options(), [] { return 0.5; });
  pace.after_answer(7, kShort);
  Nanoseconds last{};
  for (int i = 0; i < 20; ++i) {
    const Nanoseconds delay = pace.after_answer(7, kShort);
    CHECK(delay >= last);
    last = delay;
  }
  CHECK(last == Seconds(30));  // half of the interval: the jitter
  CHECK(pace.after_answer(8, kShort) < Seconds(1));
  CHECK(pace.after_answer(8, kShort) < Seconds(1));
}

TEST_CASE("one that failed is tried again soon, then up to an interval later",
          "[client][discovery]") {
  LookupPace pace(options(), [] { return 0.5; });
  pace.after_answer(7, kShort);
  CHECK(pace.after_failure() == Milliseconds(125));
  CHECK_FALSE(pace.waits());
  CHECK(pace.index() == 0);  // answers at once, so that all is known again
  CHECK(pace.after_failure() == Milliseconds(250));
  for (int i = 0; i < 20; ++i) pace.after_failure();
  CHECK(pace.after_failure() == Seconds(30));
  pace.after_answer(7, kShort);
  CHECK(pace.after_failure() == Milliseconds(125));
}

TEST_CASE("failures of one with a short interval stay within it", "[client][discovery]") {
  Options o = options();
  o.lookupd_poll_interval = Milliseconds(10);
  LookupPace pace(o, [] { return 0.5; });
  CHECK(pace.after_failure() == Milliseconds(5));
  CHECK(pace.after_failure() == Milliseconds(5));
}
