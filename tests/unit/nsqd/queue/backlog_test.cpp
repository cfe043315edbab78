#include "nsqd/queue/backlog.hpp"

#include <catch2/catch.hpp>

using namespace nsqd;
using Ranges = std::vector<LogRange>;

namespace {

Ranges ranges(const Backlog& backlog) {
  return {backlog.ranges().begin(), backlog.ranges().end()};
}

}  // namespace

TEST_CASE("what is published one after the other is one range", "[queue][backlog]") {
  Backlog backlog;
  CHECK(backlog.empty());
  backlog.append({0, 3, 3, 0}, 0);
  backlog.append({3, 4, 1, 0}, 0);
  CHECK(ranges(backlog) == Ranges{{0, 4, 4, 0}});
  CHECK(backlog.count() == 4);
}

TEST_CASE("a range goes on over a gap that holds nothing of the channel's", "[queue][backlog]") {
  Backlog backlog;
  backlog.append({0, 3, 3, 0}, 0);
  SECTION("which is so from its beginning on") {
    backlog.append({5, 6, 1, 0}, 3);
    CHECK(ranges(backlog) == Ranges{{0, 6, 4, 0}});
  }
  SECTION("or only from later on") {
    backlog.append({5, 6, 1, 0}, 4);
    CHECK(ranges(backlog) == Ranges{{0, 3, 3, 0}, {5, 6, 1, 0}});
  }
  CHECK(backlog.count() == 4);
}

TEST_CASE("what comes from anywhere merges only with what it continues", "[queue][backlog]") {
  Backlog backlog;
  backlog.append({10, 12, 2, 0}, 0);
  backlog.add({3, 4, 1, 1});
  backlog.add({4, 5, 1, 1});
  backlog.add({5, 6, 1, 2});
  backlog.append({20, 21, 1, 0}, 0);
  CHECK(ranges(backlog) == Ranges{{10, 12, 2, 0}, {3, 5, 2, 1}, {5, 6, 1, 2}, {20, 21, 1, 0}});
}

TEST_CASE("reading on forgets at a range's end what was not there", "[queue][backlog]") {
  Backlog backlog;
  backlog.append({0, 10, 8, 0}, 0);
  backlog.add({3, 4, 1, 1});
  backlog.advance(4, 4);
  CHECK(backlog.front() == LogRange{4, 10, 4, 0});
  CHECK(backlog.count() == 5);
  backlog.advance(10, 1);
  CHECK(backlog.front() == LogRange{3, 4, 1, 1});
  CHECK(backlog.count() == 1);
  backlog.advance(20, 1);
  CHECK(backlog.empty());
  CHECK(backlog.count() == 0);
}

TEST_CASE("withdrawn messages are not counted any more", "[queue][backlog]") {
  Backlog backlog;
  backlog.append({0, 10, 10, 0}, 0);
  backlog.withdraw(4, 6);
  CHECK(backlog.count() == 8);
  backlog.withdraw(20, 22);  // not here
  CHECK(backlog.count() == 8);
}

TEST_CASE("withdrawn messages leave no gap in a range", "[queue][backlog]") {
  Backlog backlog;
  backlog.append({0, 10, 10, 0}, 0);
  backlog.withdraw(4, 6);
  CHECK(ranges(backlog) == Ranges{{0, 4, 4, 0}, {6, 10, 4, 0}});
  backlog.withdraw(8, 10);
  CHECK(ranges(backlog) == Ranges{{0, 4, 4, 0}, {6, 8, 2, 0}});
  backlog.withdraw(3, 7);
  CHECK(ranges(backlog) == Ranges{{0, 3, 3, 0}, {7, 8, 1, 0}});
  backlog.withdraw(7, 8);
  CHECK(ranges(backlog) == Ranges{{0, 3, 3, 0}});
  backlog.append({8, 9, 1, 0}, 10);  // not one range with what was there before
  CHECK(ranges(backlog) == Ranges{{0, 3, 3, 0}, {8, 9, 1, 0}});
  CHECK(backlog.count() == 4);
}

TEST_CASE("a range that was committed in part is withdrawn behind that", "[queue][backlog]") {
  Backlog backlog;
  backlog.append({0, 2, 2, 0}, 0);
  backlog.append({4, 10, 6, 0}, 0);  // one range with a gap, of which 4 and 5 are committed
  backlog.withdraw(7, 8);
  CHECK(ranges(backlog) == Ranges{{0, 7, 5, 0}, {8, 10, 2, 0}});
  CHECK(backlog.count() == 7);
}

TEST_CASE("a cleared backlog begins anew", "[queue][backlog]") {
  Backlog backlog;
  backlog.append({0, 10, 10, 0}, 0);
  backlog.clear();
  CHECK(backlog.empty());
  backlog.append({5, 6, 1, 0}, 0);
  CHECK(ranges(backlog) == Ranges{{5, 6, 1, 0}});
}

TEST_CASE("merging sorts and joins what is alike", "[queue][backlog]") {
  CHECK(merged({}).empty());
  CHECK(merged({{5, 6, 1, 0}, {0, 3, 3, 0}, {3, 5, 1, 0}, {6, 7, 1, 2}}) ==
        Ranges{{0, 6, 5, 0}, {6, 7, 1, 2}});
}

TEST_CASE("single messages are taken out of ranges", "[queue][backlog]") {
  const auto unasked = [](Offset, Offset) -> std::uint64_t {
    FAIL("a range without gaps needs no look into the log");
    return 0;
  };
  CHECK(without({{3, 6, 3, 1}, {8, 9, 1, 0}}, {8, 4}, unasked) ==
        Ranges{{3, 4, 1, 1}, {5, 6, 1, 1}});
  CHECK(without({{3, 6, 3, 1}}, {7, 2}, unasked) == Ranges{{3, 6, 3, 1}});
  CHECK(without({{3, 4, 1, 1}}, {3}, unasked).empty());
}

TEST_CASE("a range with gaps that is cut in two stays as many messages", "[queue][backlog]") {
  // Of 0 to 9 the log holds 2, 7, 8 and 9.
  const auto in_log = [](Offset begin, Offset end) {
    std::uint64_t count = 0;
    for (const Offset each : {2U, 7U, 8U, 9U}) count += each >= begin && each < end ? 1 : 0;
    return count;
  };
  CHECK(without({{0, 10, 4, 0}}, {8}, in_log) == Ranges{{0, 8, 2, 0}, {9, 10, 1, 0}});
  CHECK(without({{0, 10, 4, 0}}, {7, 9}, in_log) == Ranges{{0, 7, 1, 0}, {8, 9, 1, 0}});
}
