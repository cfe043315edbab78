#include "nsqd/queue/cursor.hpp"

#include <catch2/catch.hpp>

using namespace nsqd;
using Ranges = std::vector<LogRange>;

namespace {

Cursor cursor(Offset end, Ranges unacked) {
  Cursor made;
  made.end = end;
  made.unacked = std::move(unacked);
  return made;
}

}  // namespace

TEST_CASE("the floor is the first message that is not acknowledged", "[queue][cursor]") {
  CHECK(cursor(9, {}).floor() == 9);
  CHECK(cursor(9, {{4, 5, 1, 2}, {7, 9, 2, 0}}).floor() == 4);
}

TEST_CASE("what is not committed is cut off", "[queue][cursor]") {
  auto cut = cursor(20, {{0, 8, 5, 0}, {8, 12, 4, 1}, {15, 16, 1, 0}});
  SECTION("in a range") {
    cut.clip(10);
    CHECK(cut == cursor(10, {{0, 8, 5, 0}, {8, 10, 2, 1}}));
  }
  SECTION("between ranges") {
    cut.clip(12);
    CHECK(cut == cursor(12, {{0, 8, 5, 0}, {8, 12, 4, 1}}));
  }
  SECTION("all") {
    cut.clip(0);
    CHECK(cut == cursor(0, {}));
  }
  SECTION("nothing") {
    const auto whole = cut;
    cut.clip(30);
    CHECK(cut == whole);
  }
}

TEST_CASE("what a channel deferred itself has a beginning of its own", "[queue][cursor]") {
  Cursor made;
  made.start = 5;
  made.emptied = 9;
  CHECK_FALSE(made.wants(4, false));
  CHECK(made.wants(5, false));
  CHECK_FALSE(made.wants(8, true));
  CHECK(made.wants(9, true));
}
