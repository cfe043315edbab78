#include "nsqd/queue/commit_mark.hpp"

#include <catch2/catch.hpp>

using nsqd::CommitMark;

TEST_CASE("the mark moves with commits in order", "[queue][commit]") {
  CommitMark mark;
  CHECK(mark.settle(0, 3));
  CHECK(mark.settle(3, 4));
  CHECK(mark.end() == 4);
}

TEST_CASE("the mark waits for the first that is missing", "[queue][commit]") {
  CommitMark mark(10);
  CHECK_FALSE(mark.settle(12, 15));
  CHECK_FALSE(mark.settle(20, 21));
  CHECK_FALSE(mark.settle(15, 20));
  CHECK(mark.end() == 10);
  CHECK(mark.settle(10, 11));
  CHECK(mark.end() == 11);
  CHECK(mark.settle(11, 12));
  CHECK(mark.end() == 21);
}
