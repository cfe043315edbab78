#include "clients/tools/to_nsq/rate_limit.hpp"

#include <catch2/catch.hpp>

using namespace nsq;
using namespace nsq::tools;

namespace {

/// The time that `count` takes one after another, beginning at `now`.
Nanoseconds spend(RateLimit& limit, MonoTime& now, int count) {
  const MonoTime start = now;
  for (int i = 0; i < count; ++i) now += limit.take(now);
  return now - start;
}

}  // namespace

TEST_CASE("eleven at five a second take two seconds", "[to_nsq][rate]") {
  MonoTime now{Seconds(100)};
  RateLimit limit(5, now);
  CHECK(spend(limit, now, 11) == Seconds(2));
}

TEST_CASE("a pause allows a burst of one second's worth, not more", "[to_nsq][rate]") {
  MonoTime now{Seconds(100)};
  RateLimit limit(5, now);
  (void)spend(limit, now, 1);
  now += Seconds(60);
  CHECK(spend(limit, now, 5) == Nanoseconds(0));
  CHECK(spend(limit, now, 5) == Seconds(1));
}
