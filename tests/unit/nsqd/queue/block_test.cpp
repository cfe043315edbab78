#include "nsqd/queue/block.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/fixture.hpp"

using namespace nsqd;

TEST_CASE("a run is cut after whole frames, whatever their sizes", "[queue][block]") {
  const std::vector<std::string> all{"a", std::string(300, 'b'), "cc", std::string(5000, 'd')};
  const auto cut = GENERATE(1U, 2U, 3U);
  CAPTURE(cut);
  Run rest = make_run(all, 40);
  rest.attempts = 3;
  const Run front = split_front(rest, cut);
  CHECK(front.count == cut);
  CHECK(rest.count == 4 - cut);
  CHECK(front.first == 40);
  CHECK(rest.first == 40 + cut);
  CHECK(front.attempts == 3);
  CHECK(rest.attempts == 3);
  CHECK(front.end == rest.begin);
  CHECK(front.block == rest.block);
  CHECK(bodies({front, rest}) == all);
}

TEST_CASE("runs continue each other only side by side and delivered equally often",
          "[queue][block]") {
  Run rest = make_run(3, 10);
  Run front = split_front(rest, 1);
  REQUIRE(continues(front, rest));

  SECTION("not the other way round") {
    CHECK_FALSE(continues(rest, front));
  }
  SECTION("not with other attempts") {
    rest.attempts = 1;
    CHECK_FALSE(continues(front, rest));
  }
  SECTION("not with a gap in the bytes") {
    (void)split_front(rest, 1);
    CHECK_FALSE(continues(front, rest));
  }
  SECTION("not with a gap in the offsets") {
    ++rest.first;
    CHECK_FALSE(continues(front, rest));
  }
  SECTION("not in another block") {
    const Run other = make_run(3, 11);
    CHECK_FALSE(continues(front, other));
  }
}

TEST_CASE("a message that is copied out lets go of its neighbours", "[queue][block]") {
  Run rest = make_run({"one", "two", "three"}, 5);
  (void)split_front(rest, 1);
  Run two = split_front(rest, 1);
  two.attempts = 9;
  const BlockPtr shared = two.block;
  const Run alone = copy_out(two);
  CHECK(alone.block != shared);
  CHECK(alone.begin == 0);
  CHECK(alone.end == alone.block->used());
  CHECK(alone.block->room() == 0);
  CHECK(alone.first == 6);
  CHECK(alone.attempts == 9);
  CHECK(alone.frames() == two.frames());
}

TEST_CASE("a message that is alone already is not copied", "[queue][block]") {
  const Run run = make_run(1);
  CHECK(copy_out(run).block == run.block);
}

TEST_CASE("a block is unique again when its readers are gone, and starts over", "[queue][block]") {
  const BlockPtr tail = Block::create(100);
  tail->extend(60);
  CHECK(tail->used() == 60);
  CHECK(tail->room() == 40);
  {
    const BlockPtr reader = tail;
    CHECK_FALSE(tail->unique());
  }
  REQUIRE(tail->unique());
  tail->rewind();
  CHECK(tail->room() == 100);
  CHECK(tail->extend(1) == tail->data());
}
