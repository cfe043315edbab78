#include "common/net/resolve.hpp"

#include <catch2/catch.hpp>

#include "tests/support/run.hpp"

using namespace nsq;
using nsq::net::resolve;
using nsq::test::run;

TEST_CASE("a literal is itself, without asking anybody", "[net][resolve]") {
  const auto v4 = run(resolve("127.0.0.1", 7, Nanoseconds(0)));
  REQUIRE(v4.has_value());
  REQUIRE(v4->size() == 1);
  CHECK(v4->front().address().to_string() == "127.0.0.1");
  CHECK(v4->front().port() == 7);
  const auto v6 = run(resolve("::1", 7, Nanoseconds(0)));
  REQUIRE(v6.has_value());
  CHECK(v6->front().address().to_string() == "::1");
}

TEST_CASE("a name is looked up, and an impossible one is an error", "[net][resolve]") {
  const auto here = run(resolve("localhost", 7, Seconds(60)));
  REQUIRE(here.has_value());
  REQUIRE_FALSE(here->empty());
  CHECK(here->front().address().is_loopback());
  CHECK_FALSE(run(resolve("a..b", 7, Seconds(60))).has_value());
}
