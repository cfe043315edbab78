#include "nsqd/lookup/retry_delay.hpp"

#include <catch2/catch.hpp>

namespace nsqd {
namespace {

using nsq::Milliseconds;

TEST_CASE("the delay doubles up to its limit, and starts over", "[lookup]") {
  RetryDelay delay(Milliseconds(100), Milliseconds(500), [] { return 0.0; });
  for (const int ms : {100, 200, 400, 500, 500}) CHECK(delay.next() == Milliseconds(ms));
  delay.reset();
  CHECK(delay.next() == Milliseconds(100));
}

TEST_CASE("chance takes up to a half of the delay", "[lookup]") {
  RetryDelay delay(Milliseconds(100), Milliseconds(500), [] { return 0.5; });
  CHECK(delay.next() == Milliseconds(75));
  CHECK(delay.next() == Milliseconds(150));
}

}  // namespace
}  // namespace nsqd
