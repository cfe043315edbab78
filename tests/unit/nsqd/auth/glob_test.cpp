#include "nsqd/auth/glob.hpp"

#include <string>

#include <catch2/catch.hpp>

namespace nsqd {
namespace {

bool matches(std::string_view pattern, std::string_view name) {
  const auto glob = Glob::parse(pattern);
  REQUIRE(glob);
  return glob->matches(name);
}

TEST_CASE("a pattern without a star is the name itself", "[auth]") {
  CHECK(matches("orders", "orders"));
  CHECK_FALSE(matches("orders", "my_orders"));
  CHECK_FALSE(matches("orders", "orders2"));
  CHECK_FALSE(matches("orders", ""));
  CHECK_FALSE(matches("a.b", "axb"));
}

TEST_CASE("a star is any text", "[auth]") {
  CHECK(matches("*", ""));
  CHECK(matches("*", "anything#ephemeral"));
  CHECK(matches("orders.*", "orders."));
  CHECK(matches("orders.*", "orders.eu.de"));
  CHECK_FALSE(matches("orders.*", "orders"));
  CHECK(matches("*.dlq", "a.dlq.dlq"));
  CHECK_FALSE(matches("*.dlq", "a.dlq2"));
  CHECK(matches("a*b*c", "aXbbYc"));
  CHECK_FALSE(matches("a*b*c", "acb"));
  CHECK(matches("**", "x"));
  CHECK_FALSE(matches("*a*a*a*a*a*a*b", std::string(300, 'a')));
}

TEST_CASE("what no name can hold is not a pattern", "[auth]") {
  for (const auto* text : {"", "a b", "a/b", "a?", "[a]", "ä", "a\n"}) {
    CHECK_FALSE(Glob::parse(text));
  }
}

}  // namespace
}  // namespace nsqd
