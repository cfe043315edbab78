#include "nsqd/queue/waiting.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/fixture.hpp"

using namespace nsqd;

namespace {
constexpr std::uint32_t kMany = UINT32_MAX;
}

TEST_CASE("what waits comes out in the order in which it went in", "[queue][waiting]") {
  Waiting waiting;
  waiting.push(make_run({"a", "b"}, 0));
  waiting.push(make_run({"c"}, 2));
  CHECK(waiting.count() == 3);
  std::vector<Run> out;
  while (!waiting.empty()) out.push_back(waiting.pop(1, kMany));
  CHECK(bodies(out) == std::vector<std::string>{"a", "b", "c"});
  CHECK(waiting.count() == 0);
}

TEST_CASE("runs that continue each other become one", "[queue][waiting]") {
  Run rest = make_run(3);
  const Run front = split_front(rest, 1);
  Waiting waiting;
  waiting.push(front);
  waiting.push(rest);
  const Run all = waiting.pop(kMany, kMany);
  CHECK(all.count == 3);
  CHECK(bodies({all}) == std::vector<std::string>{"m0", "m1", "m2"});
  CHECK(waiting.empty());
}

TEST_CASE("a pop takes of one run only", "[queue][waiting]") {
  Waiting waiting;
  waiting.push(make_run(2, 0));
  waiting.push(make_run(2, 2));
  CHECK(waiting.pop(kMany, kMany).count == 2);
  CHECK(waiting.count() == 2);
}

TEST_CASE("a pop stops at its count and at its bytes", "[queue][waiting]") {
  Waiting waiting;
  waiting.push(make_run({"1234567890", "1234567890", "1234567890", "1234567890"}));
  const std::uint32_t frame = kFrameOverhead + 10;

  SECTION("count") {
    CHECK(waiting.pop(3, kMany).count == 3);
  }
  SECTION("exactly two frames") {
    CHECK(waiting.pop(kMany, 2 * frame).count == 2);
  }
  SECTION("a byte less than two frames") {
    CHECK(waiting.pop(kMany, 2 * frame - 1).count == 1);
  }
  SECTION("the first even when it alone is larger") {
    CHECK(waiting.pop(kMany, 1).count == 1);
  }
  SECTION("exactly everything") {
    CHECK(waiting.pop(4, 4 * frame).count == 4);
  }
}

TEST_CASE("what was popped in part goes on with the next message", "[queue][waiting]") {
  Waiting waiting;
  waiting.push(make_run(5, 100));
  CHECK(waiting.pop(2, kMany).first == 100);
  const Run second = waiting.pop(2, kMany);
  CHECK(second.first == 102);
  CHECK(bodies({second}) == std::vector<std::string>{"m102", "m103"});
  CHECK(waiting.count() == 1);
}

TEST_CASE("a cleared queue holds no block", "[queue][waiting]") {
  Waiting waiting;
  const Run run = make_run(5);
  waiting.push(run);
  CHECK_FALSE(run.block->unique());
  waiting.clear();
  CHECK(waiting.empty());
  CHECK(run.block->unique());
}

TEST_CASE("part of what waits turns out not to be in the log", "[queue][waiting]") {
  Run run = make_run(5, 10);
  run.logged = true;
  Waiting waiting;
  waiting.push(run);
  waiting.unlog(11, 13);
  waiting.unlog(14, 20);
  CHECK(waiting.count() == 5);
  std::map<Offset, Run> unlogged;
  waiting.give_unlogged(unlogged);
  REQUIRE(unlogged.size() == 3);
  CHECK(unlogged.contains(11));
  CHECK(unlogged.contains(12));
  CHECK(unlogged.contains(14));
  std::vector<Run> out;
  while (!waiting.empty()) out.push_back(waiting.pop(kMany, kMany));
  CHECK(bodies(out) == std::vector<std::string>{"m10", "m11", "m12", "m13", "m14"});
}
