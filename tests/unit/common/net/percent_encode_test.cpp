#include "common/net/percent_encode.hpp"

#include <catch2/catch.hpp>

using nsq::net::percent_encode;

TEST_CASE("what means nothing in a URL stays, everything else is encoded", "[net][url]") {
  CHECK(percent_encode("").empty());
  CHECK(percent_encode("a.B_9-z~") == "a.B_9-z~");
  CHECK(percent_encode("t#ephemeral") == "t%23ephemeral");
  CHECK(percent_encode("a b&c=d/?%+") == "a%20b%26c%3Dd%2F%3F%25%2B");
  CHECK(percent_encode("\xc3\xbc\n") == "%C3%BC%0A");
}
