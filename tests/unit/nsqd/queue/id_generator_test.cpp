#include "nsqd/queue/id_generator.hpp"

#include <catch2/catch.hpp>

using nsqd::IdGenerator;

namespace {

/// The moment at which the unit with this number (Unix nanoseconds >> 20) begins.
nsq::WallTime unit_start(std::int64_t unit) {
  return nsq::WallTime(nsq::Nanoseconds(unit << 20));
}

constexpr std::int64_t kEpoch = 1'288'834'974'288;
constexpr std::int64_t kUnit = 1'620'000'000'000;  // some time in 2023

}  // namespace

TEST_CASE("an id is made of the unit since the epoch, the node and a sequence", "[queue][id]") {
  IdGenerator ids(0x2a5);
  // 2023-11-14T22:13:20Z is 1'700'000'000 s: unit 1621246337890, less the epoch 332411363602.
  ids.advance(nsq::WallTime(nsq::Seconds(1'700'000'000)));
  const std::uint64_t expected = (std::uint64_t{332'411'363'602} << 22) | (0x2a5U << 12);
  CHECK(ids.next() == expected);
  CHECK(ids.next() == expected + 1);
}

TEST_CASE("the sequence restarts in each unit", "[queue][id]") {
  IdGenerator ids(1);
  ids.advance(unit_start(kUnit));
  ids.next();
  ids.next();
  ids.advance(unit_start(kUnit + 1));
  CHECK(ids.next() == ((static_cast<std::uint64_t>(kUnit + 1 - kEpoch) << 22) | (1U << 12)));
}

TEST_CASE("a unit has 4096 ids, then the unit runs ahead of the clock", "[queue][id]") {
  IdGenerator ids(1023);
  ids.advance(unit_start(kUnit));
  const auto unit = static_cast<std::uint64_t>(kUnit - kEpoch);
  for (std::uint64_t i = 0; i < 4096; ++i) {
    REQUIRE(ids.next() == ((unit << 22) | (std::uint64_t{1023} << 12) | i));
  }
  CHECK(ids.next() == (((unit + 1) << 22) | (std::uint64_t{1023} << 12)));
}

TEST_CASE("ids never repeat nor fall, whatever the clock does", "[queue][id]") {
  IdGenerator ids(7);
  std::uint64_t last = 0;
  const auto take = [&](std::int64_t unit, int count) {
    ids.advance(unit_start(unit));
    for (int i = 0; i < count; ++i) {
      const auto id = ids.next();
      REQUIRE(id > last);
      REQUIRE(((id >> 12) & 1023) == 7);
      last = id;
    }
  };
  take(kUnit, 10'000);  // runs two units ahead
  take(kUnit + 1, 5);
  take(kUnit + 2, 5'000);
  take(kUnit - 500'000, 5);  // the clock steps back
  take(kUnit + 100, 5);
  CHECK((last >> 22) == static_cast<std::uint64_t>(kUnit + 100 - kEpoch));
}

TEST_CASE("a clock before the epoch still gives rising ids", "[queue][id]") {
  IdGenerator ids(0);
  ids.advance(nsq::WallTime{});
  const auto first = ids.next();
  CHECK(ids.next() > first);
}
