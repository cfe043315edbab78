#include "nsqd/queue/in_flight.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/fixture.hpp"

using namespace nsqd;

namespace {

/// Takes out all that is due, in order; their ids.
std::vector<std::uint64_t> take_due(InFlight& in_flight, nsq::MonoTime now) {
  std::vector<std::uint64_t> ids;
  while (const auto slot = in_flight.first_due(now)) {
    ids.push_back(in_flight.at(*slot).id);
    in_flight.remove(*slot);
  }
  return ids;
}

constexpr std::uint64_t kOwner = 5;

}  // namespace

TEST_CASE("each message of a run is found by its id, with all that is known of it",
          "[queue][in_flight]") {
  InFlight in_flight;
  Run run = make_run(3, 20, 100);
  run.attempts = 2;
  in_flight.add(run, kOwner, at(Seconds(0)), Seconds(60));
  CHECK(in_flight.count() == 3);
  const auto slot = in_flight.find(101);
  REQUIRE(slot.has_value());
  const auto& message = in_flight.at(*slot);
  CHECK(message.id == 101);
  CHECK(message.offset == 21);
  CHECK(message.owner == kOwner);
  CHECK(message.delivered_at == at(Seconds(0)));
  CHECK(message.deadline == at(Seconds(60)));
  CHECK(message.attempts == 3);
  CHECK_FALSE(in_flight.find(99).has_value());
  CHECK_FALSE(in_flight.find(103).has_value());
}

TEST_CASE("a message that is taken comes back whole, its attempts counted", "[queue][in_flight]") {
  InFlight in_flight;
  in_flight.add(make_run({"x", "yy", "zzz"}, 20, 100), kOwner, at(Seconds(0)), Seconds(60));
  const Run run = in_flight.take(*in_flight.find(101));
  CHECK(run.count == 1);
  CHECK(run.first == 21);
  CHECK(run.attempts == 1);
  CHECK(bodies({run}) == std::vector<std::string>{"yy"});
  CHECK(in_flight.count() == 2);
  CHECK_FALSE(in_flight.find(101).has_value());
}

TEST_CASE("a block is let go with its last message", "[queue][in_flight]") {
  InFlight in_flight;
  const Run run = make_run(3, 0, 100);
  in_flight.add(run, kOwner, at(Seconds(0)), Seconds(60));
  in_flight.remove(*in_flight.find(100));
  in_flight.remove(*in_flight.find(102));
  CHECK_FALSE(run.block->unique());
  in_flight.remove(*in_flight.find(101));
  CHECK(run.block->unique());
}

TEST_CASE("clearing forgets messages, deadlines and blocks", "[queue][in_flight]") {
  InFlight in_flight;
  const Run run = make_run(3, 0, 100);
  in_flight.add(run, kOwner, at(Seconds(0)), Seconds(60));
  in_flight.touch(*in_flight.find(101), at(Seconds(1)), Seconds(60), Seconds(30));
  in_flight.clear();
  CHECK(in_flight.count() == 0);
  CHECK_FALSE(in_flight.find(100).has_value());
  CHECK_FALSE(in_flight.next_deadline().has_value());
  CHECK(run.block->unique());
}

TEST_CASE("nothing is due before its deadline", "[queue][in_flight]") {
  InFlight in_flight;
  in_flight.add(make_run(2, 0, 100), kOwner, at(Seconds(0)), Seconds(60));
  CHECK_FALSE(in_flight.first_due(at(Seconds(60) - Nanoseconds(1))).has_value());
  CHECK(take_due(in_flight, at(Seconds(60))) == std::vector<std::uint64_t>{100, 101});
}

TEST_CASE("with several timeouts the first deadline comes first", "[queue][in_flight]") {
  InFlight in_flight;
  in_flight.add(make_run(1, 0, 100), kOwner, at(Seconds(0)), Seconds(60));
  in_flight.add(make_run(1, 1, 101), kOwner, at(Seconds(1)), Seconds(5));
  in_flight.add(make_run(1, 2, 102), kOwner, at(Seconds(2)), Seconds(30));
  in_flight.add(make_run(1, 3, 103), kOwner, at(Seconds(3)), Seconds(5));
  CHECK(in_flight.next_deadline() == at(Seconds(6)));
  CHECK(take_due(in_flight, at(Seconds(40))) == std::vector<std::uint64_t>{101, 103, 102});
  CHECK(in_flight.next_deadline() == at(Seconds(60)));
  // An emptied list serves another timeout.
  in_flight.add(make_run(1, 4, 104), kOwner, at(Seconds(41)), Seconds(7));
  CHECK(take_due(in_flight, at(Seconds(100))) == std::vector<std::uint64_t>{104, 100});
}

TEST_CASE("a touched message times out later, behind those delivered meanwhile",
          "[queue][in_flight]") {
  InFlight in_flight;
  in_flight.add(make_run(2, 0, 100), kOwner, at(Seconds(0)), Seconds(10));
  in_flight.add(make_run(1, 2, 102), kOwner, at(Seconds(4)), Seconds(10));
  in_flight.touch(*in_flight.find(100), at(Seconds(5)), Seconds(10), Seconds(900));
  CHECK(in_flight.at(*in_flight.find(100)).deadline == at(Seconds(15)));
  CHECK(in_flight.at(*in_flight.find(100)).attempts == 1);
  CHECK(take_due(in_flight, at(Seconds(20))) == std::vector<std::uint64_t>{101, 102, 100});
}

TEST_CASE("no touch moves a deadline beyond delivery plus the longest timeout",
          "[queue][in_flight]") {
  InFlight in_flight;
  in_flight.add(make_run(3, 0, 100), kOwner, at(Seconds(0)), Seconds(10));
  in_flight.add(make_run(1, 3, 103), kOwner, at(Seconds(9)), Seconds(10));
  for (const int second : {4, 8, 12, 14}) {
    in_flight.touch(*in_flight.find(101), at(Seconds(second)), Seconds(10), Seconds(15));
  }
  CHECK(in_flight.at(*in_flight.find(101)).deadline == at(Seconds(15)));
  CHECK(take_due(in_flight, at(Seconds(10))) == std::vector<std::uint64_t>{100, 102});
  CHECK(in_flight.next_deadline() == at(Seconds(15)));
  CHECK_FALSE(in_flight.first_due(at(Seconds(15) - Nanoseconds(1))).has_value());
  CHECK(take_due(in_flight, at(Seconds(19))) == std::vector<std::uint64_t>{101, 103});
}

TEST_CASE("a touch that reaches the cap exactly is set to it", "[queue][in_flight]") {
  InFlight in_flight;
  in_flight.add(make_run(1, 0, 100), kOwner, at(Seconds(0)), Seconds(10));
  in_flight.touch(*in_flight.find(100), at(Seconds(5)), Seconds(10), Seconds(15));
  CHECK(in_flight.at(*in_flight.find(100)).deadline == at(Seconds(15)));
  const Run run = in_flight.take(*in_flight.find(100));
  CHECK_FALSE(in_flight.next_deadline().has_value());
  // A redelivery has a new cap.
  in_flight.add(run, kOwner, at(Seconds(12)), Seconds(10));
  in_flight.touch(*in_flight.find(100), at(Seconds(14)), Seconds(10), Seconds(15));
  CHECK(in_flight.at(*in_flight.find(100)).deadline == at(Seconds(24)));
}

TEST_CASE("a caller with an older clock reading does not disturb the order", "[queue][in_flight]") {
  InFlight in_flight;
  in_flight.add(make_run(1, 0, 100), kOwner, at(Seconds(5)), Seconds(10));
  in_flight.add(make_run(1, 1, 101), kOwner, at(Seconds(4)), Seconds(10));
  CHECK(in_flight.at(*in_flight.find(101)).deadline >= at(Seconds(14)));
  CHECK(take_due(in_flight, at(Seconds(15))) == std::vector<std::uint64_t>{100, 101});
}

TEST_CASE("slots are used again without mixing messages up", "[queue][in_flight]") {
  InFlight in_flight;
  std::uint64_t next_id = 1;
  for (int round = 0; round < 50; ++round) {
    in_flight.add(make_run(7, next_id, next_id), kOwner, at(Seconds(round)), Seconds(10));
    next_id += 7;
    // All but every seventh is answered at once.
    for (std::uint64_t id = next_id - 7; id < next_id - 1; ++id) {
      in_flight.remove(*in_flight.find(id));
    }
  }
  CHECK(in_flight.count() == 50);
  for (std::uint64_t id = 7; id < next_id; id += 7) {
    REQUIRE(in_flight.find(id).has_value());
    CHECK(in_flight.at(*in_flight.find(id)).offset == id);
  }
  CHECK(take_due(in_flight, at(Seconds(100))).size() == 50);
}
