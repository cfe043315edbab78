#include "nsqd/queue/deferred.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/fixture.hpp"

using namespace nsqd;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
/// The tests begin at 100 s; messages are due in seconds.
constexpr std::int64_t kStart = 100 * kSecond;

DeferredMessage message(std::int64_t due, Offset number, bool stored = true) {
  DeferredMessage made;
  made.at = {due, number};
  made.stored = stored;
  made.run = make_run(1, number);
  return made;
}

/// One that a consumer of channel 2 deferred.
DeferredMessage requeued(std::int64_t due, Offset number) {
  auto made = message(due, number);
  made.channel = 2;
  made.home = 17;
  made.run.attempts = 3;
  return made;
}

/// What is due, by number.
std::vector<Offset> pop(Deferred& deferred, std::int64_t now) {
  std::vector<Offset> numbers;
  while (const auto due = deferred.pop_due(now)) numbers.push_back(due->at.number);
  return numbers;
}

using Numbers = std::vector<Offset>;

}  // namespace

TEST_CASE("deferred messages come when they are due, and no nanosecond earlier",
          "[queue][deferred]") {
  Deferred deferred;
  CHECK(deferred.empty());
  CHECK_FALSE(deferred.next_look().has_value());
  deferred.push(message(kStart + kSecond, 0, false), kStart);
  CHECK(deferred.next_look() == kStart + kSecond);
  CHECK(pop(deferred, kStart + kSecond - 1).empty());
  CHECK(pop(deferred, kStart + kSecond) == Numbers{0});
  CHECK(deferred.empty());
  CHECK_FALSE(deferred.next_look().has_value());
  CHECK(pop(deferred, kStart + 500 * kSecond).empty());
}

TEST_CASE("deferred messages come by due time, then by number", "[queue][deferred]") {
  Deferred deferred;
  for (const auto& [due, number] : {std::pair(2, 4), {2, 2}, {1, 9}, {2, 3}, {3, 1}}) {
    deferred.push(message(kStart + due, static_cast<Offset>(number), false), kStart);
  }
  CHECK(pop(deferred, kStart + 10) == Numbers{9, 2, 3, 4, 1});
}

TEST_CASE("a deferred message keeps its attempts and its bytes", "[queue][deferred]") {
  Deferred deferred;
  auto given = message(kStart + 1, 12, false);
  given.channel = 3;
  given.run.attempts = 4;
  deferred.push(given, kStart);
  const auto back = deferred.pop_due(kStart + 1);
  REQUIRE(back.has_value());
  CHECK(back->channel == 3);
  CHECK(back->run.attempts == 4);
  CHECK(back->run.frames() == given.run.frames());
}

TEST_CASE("what is due while its commit is on its way waits for the commit", "[queue][deferred]") {
  Deferred deferred;
  deferred.push(message(kStart + 1, 0), kStart);
  CHECK(pop(deferred, kStart + 1).empty());
  CHECK_FALSE(deferred.empty());
  deferred.settled(0, true);
  CHECK(deferred.next_look() == kStart + 1);
  CHECK(pop(deferred, kStart + 1) == Numbers{0});
  CHECK(deferred.empty());
}

TEST_CASE("what is due soon stays in memory, what is far only in the log", "[queue][deferred]") {
  Deferred deferred;
  const auto far = message(kStart + 100 * kSecond, 1);
  CHECK(deferred.is_near({kStart + kSecond, 0}, kStart));
  CHECK_FALSE(deferred.is_near(far.at, kStart));
  const BlockPtr block = far.run.block;
  deferred.push(far, kStart);
  deferred.settled(1, true);
  CHECK(deferred.stored() == 1);
  CHECK_FALSE(deferred.start_read(kStart).has_value());

  // It is read before it is due.
  const auto look = deferred.next_look().value();
  CHECK(look < far.at.due);
  auto span = deferred.start_read(look);
  REQUIRE(span.has_value());
  CHECK_FALSE(deferred.start_read(look).has_value());  // one at a time
  deferred.take({{}, span->to, far.at});
  CHECK(deferred.stored() == 1);
  const auto again = deferred.next_look().value();
  CHECK(again < far.at.due);
  span = deferred.start_read(again);
  REQUIRE(span.has_value());
  CHECK(span->from <= far.at);
  CHECK(far.at < span->to);
  deferred.take({{far}, span->to, std::nullopt});
  CHECK(deferred.stored() == 1);
  CHECK(pop(deferred, far.at.due - 1).empty());
  CHECK(pop(deferred, far.at.due) == Numbers{1});
  CHECK(deferred.empty());
}

TEST_CASE("after a restart the log is read at once", "[queue][deferred]") {
  Deferred deferred;
  deferred.restore(2);
  CHECK_FALSE(deferred.empty());
  CHECK(deferred.next_look().has_value());
  const auto span = deferred.start_read(kStart);
  REQUIRE(span.has_value());
  CHECK(span->from == DuePoint{});
  CHECK_FALSE(deferred.next_look().has_value());  // take() will tell
  deferred.take({{message(kStart - kSecond, 5)}, span->to, DuePoint{kStart + 60 * kSecond, 6}});
  CHECK(pop(deferred, kStart) == Numbers{5});
  CHECK(deferred.stored() == 1);
}

TEST_CASE("a read that was cut short goes on where it stopped", "[queue][deferred]") {
  Deferred deferred;
  deferred.restore(3);
  auto span = deferred.start_read(kStart);
  REQUIRE(span.has_value());
  const DuePoint to = span->to;
  const DuePoint cut{kStart + 2, 2};
  deferred.take({{message(kStart + 1, 1)}, cut, std::nullopt});
  span = deferred.start_read(kStart);
  REQUIRE(span.has_value());
  CHECK(span->from == cut);
  CHECK(span->to == to);
  deferred.take({{message(kStart + 2, 2), message(kStart + 3, 3)}, to, std::nullopt});
  CHECK_FALSE(deferred.start_read(kStart).has_value());
  CHECK(pop(deferred, kStart + 3) == Numbers{1, 2, 3});
  CHECK(deferred.empty());
}

TEST_CASE("what is deferred during a read is there once", "[queue][deferred]") {
  Deferred deferred;
  deferred.restore(1);
  const auto span = deferred.start_read(kStart).value();
  const auto meanwhile = message(kStart + kSecond, 7);
  deferred.push(meanwhile, kStart);
  deferred.settled(7, true);
  deferred.take({{message(kStart + 1, 6), meanwhile}, span.to, std::nullopt});
  CHECK(pop(deferred, kStart + kSecond) == Numbers{6, 7});
  CHECK(deferred.empty());
}

TEST_CASE("a far message whose commit a read does not see is not lost", "[queue][deferred]") {
  Deferred deferred;
  const auto far = message(kStart + 3 * kSecond, 4);
  const auto further = message(kStart + 90 * kSecond, 5);
  deferred.push(far, kStart);
  deferred.push(further, kStart);
  const auto now = kStart + 2 * kSecond;
  const auto span = deferred.start_read(now);
  REQUIRE(span.has_value());
  REQUIRE(far.at < span->to);
  deferred.take({{}, span->to, std::nullopt});  // neither was committed
  deferred.settled(4, true);
  deferred.settled(5, true);
  CHECK(pop(deferred, far.at.due) == Numbers{4});
  REQUIRE(deferred.next_look().has_value());
  CHECK(*deferred.next_look() <= further.at.due);
}

TEST_CASE("a publish whose commit failed is dropped where only the log would have it",
          "[queue][deferred]") {
  Deferred deferred;
  deferred.push(message(kStart + 100 * kSecond, 0), kStart);
  const auto gone = deferred.settled(0, false);
  REQUIRE(gone.has_value());
  CHECK(gone->at.number == 0);
  CHECK(deferred.empty());
  CHECK(deferred.stored() == 0);
}

TEST_CASE("what a consumer deferred is kept when its commit failed", "[queue][deferred]") {
  Deferred deferred;
  const auto due = GENERATE(1, 100) * kSecond + kStart;
  deferred.push(requeued(due, 40), kStart);
  REQUIRE(deferred.homes(1000).size() == 1);
  CHECK(deferred.homes(1000)[0].offset == 17);
  deferred.settled(40, false);
  // The log has it at its old place only, which must stay until it has gone on to a new one.
  CHECK(deferred.homes(1000).size() == 1);
  CHECK(pop(deferred, due) == Numbers{40});
  deferred.moved(40, 50);
  CHECK(deferred.homes(50).size() == 1);
  CHECK(deferred.homes(51).empty());
}

TEST_CASE("what a consumer deferred has no home once it is committed", "[queue][deferred]") {
  Deferred deferred;
  deferred.push(requeued(kStart + kSecond, 40), kStart);
  deferred.settled(40, true);
  CHECK(deferred.homes(1000).empty());
}

TEST_CASE("a clean shutdown stores what only memory has, once", "[queue][deferred]") {
  Deferred deferred;
  deferred.push(message(kStart + 1, 0, false), kStart);
  deferred.push(message(kStart + 2, 1), kStart);
  deferred.settled(1, true);
  const auto given = deferred.store_all();
  REQUIRE(given.size() == 1);
  CHECK(given[0].at.number == 0);
  CHECK(deferred.stored() == 2);
  CHECK(deferred.store_all().empty());
}

TEST_CASE("what the log did not take comes again after a while", "[queue][deferred]") {
  Deferred deferred;
  deferred.push(message(kStart + 1, 0), kStart);
  deferred.settled(0, true);
  auto due = deferred.pop_due(kStart + 1);
  REQUIRE(due.has_value());
  std::vector<DeferredMessage> back;
  back.push_back(std::move(*due));
  deferred.put_back(std::move(back), kStart + 1);
  CHECK_FALSE(deferred.empty());
  CHECK(deferred.stored() == 1);
  const auto again = deferred.next_look().value();
  CHECK(again > kStart + 1);
  CHECK(pop(deferred, again - 1).empty());
  CHECK(pop(deferred, again) == Numbers{0});
}

TEST_CASE("a clean shutdown stores what could not be stored before", "[queue][deferred]") {
  Deferred deferred;
  deferred.push(requeued(kStart + kSecond, 40), kStart);
  deferred.settled(40, false);
  REQUIRE(deferred.store_all().size() == 1);
  CHECK(deferred.homes(1000).empty());
}
