#include "nsqd/queue/deferred.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/fixture.hpp"

using namespace nsqd;

TEST_CASE("deferred messages come when they are due, and no nanosecond earlier",
          "[queue][deferred]") {
  Deferred deferred;
  deferred.push(make_run(1), at(Seconds(5)));
  CHECK(deferred.count() == 1);
  CHECK(deferred.next_due() == at(Seconds(5)));
  CHECK_FALSE(deferred.pop_due(at(Seconds(5) - Nanoseconds(1))).has_value());
  CHECK(deferred.pop_due(at(Seconds(5))).has_value());
  CHECK(deferred.empty());
  CHECK_FALSE(deferred.next_due().has_value());
  CHECK_FALSE(deferred.pop_due(at(Seconds(500))).has_value());
}

TEST_CASE("deferred messages come by due time, then by offset", "[queue][deferred]") {
  Deferred deferred;
  deferred.push(make_run(1, 4), at(Seconds(2)));
  deferred.push(make_run(1, 2), at(Seconds(2)));
  deferred.push(make_run(1, 9), at(Seconds(1)));
  deferred.push(make_run(1, 3), at(Seconds(2)));
  deferred.push(make_run(1, 1), at(Seconds(3)));
  std::vector<Offset> order;
  while (const auto run = deferred.pop_due(at(Seconds(10)))) order.push_back(run->first);
  CHECK(order == std::vector<Offset>{9, 2, 3, 4, 1});
}

TEST_CASE("a deferred message keeps its attempts and its bytes", "[queue][deferred]") {
  Deferred deferred;
  Run run = make_run({"body"}, 12, 77);
  run.attempts = 4;
  deferred.push(run, at(Seconds(1)));
  const auto back = deferred.pop_due(at(Seconds(1)));
  REQUIRE(back.has_value());
  CHECK(back->attempts == 4);
  CHECK(back->first == 12);
  CHECK(back->count == 1);
  CHECK(back->frames() == run.frames());
}

TEST_CASE("all deferred messages can be taken with their due times", "[queue][deferred]") {
  Deferred deferred;
  for (Offset i = 0; i < 5; ++i) deferred.push(make_run(1, i), at(Seconds(10 - i)));
  auto items = deferred.take_all();
  CHECK(deferred.empty());
  REQUIRE(items.size() == 5);
  for (const auto& item : items) CHECK(item.due == at(Seconds(10 - item.run.first)));
}
