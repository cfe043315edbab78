#include "clients/nsq/rdy_controller.hpp"

#include <map>

#include <catch2/catch.hpp>

using namespace nsq;
using namespace nsq::client;

namespace {

/// Plays the servers: applies what is sent, and checks the sum after every command.
struct Servers {
  RdyController controller{{.idle = Seconds(10), .held = Seconds(30)}};
  std::map<std::uint64_t, std::int64_t> rdy;
  MonoTime now{Seconds(1000)};
  int commands = 0;

  void apply(const RdyController::Changes& changes) {
    for (const auto& [connection, count] : changes) {
      rdy[connection] = count;
      ++commands;
      CHECK(total() <= controller.budget());
    }
  }
  /// After a lowered budget the sum may only shrink.
  void apply_lowered(const RdyController::Changes& changes) {
    for (const auto& [connection, count] : changes) {
      CHECK(count < rdy[connection]);
      rdy[connection] = count;
      ++commands;
    }
    CHECK(total() <= controller.budget());
  }
  void add(std::uint64_t connection, std::int64_t max = 2500) {
    rdy[connection] = 0;
    apply(controller.add(connection, max, now));
  }
  void remove(std::uint64_t connection) {
    rdy.erase(connection);
    apply(controller.remove(connection, now));
  }
  void tick(Nanoseconds after) {
    now += after;
    apply(controller.redistribute(now));
  }
  std::int64_t total() const {
    std::int64_t sum = 0;
    for (const auto& [connection, count] : rdy) sum += count;
    return sum;
  }
};

}  // namespace

TEST_CASE("one connection gets everything", "[client][rdy]") {
  Servers s;
  s.apply(s.controller.set_budget(1, s.now));
  s.add(1);
  CHECK(s.rdy[1] == 1);
}

TEST_CASE("ten over three is four, three, three, and the sum is never above", "[client][rdy]") {
  Servers s;
  s.apply(s.controller.set_budget(10, s.now));
  for (std::uint64_t c = 1; c <= 3; ++c) s.add(c);
  CHECK(s.total() == 10);
  for (const auto& [connection, count] : s.rdy) CHECK((count == 3 || count == 4));
}

TEST_CASE("a new connection gets its share at once", "[client][rdy]") {
  Servers s;
  s.apply(s.controller.set_budget(8, s.now));
  s.add(1);
  CHECK(s.rdy[1] == 8);
  s.add(2);
  CHECK(s.rdy[1] == 4);
  CHECK(s.rdy[2] == 4);
}

TEST_CASE("the share of a lost connection goes to the others", "[client][rdy]") {
  Servers s;
  s.apply(s.controller.set_budget(9, s.now));
  for (std::uint64_t c = 1; c <= 3; ++c) s.add(c);
  s.remove(2);
  CHECK(s.total() == 9);
}

TEST_CASE("lowering sends decreases at once", "[client][rdy]") {
  Servers s;
  s.apply(s.controller.set_budget(10, s.now));
  for (std::uint64_t c = 1; c <= 3; ++c) s.add(c);
  s.apply_lowered(s.controller.set_budget(2, s.now));
  CHECK(s.total() == 2);
}

TEST_CASE("0 pauses and more resumes", "[client][rdy]") {
  Servers s;
  s.apply(s.controller.set_budget(4, s.now));
  s.add(1);
  s.add(2);
  s.apply_lowered(s.controller.set_budget(0, s.now));
  CHECK(s.total() == 0);
  s.tick(Seconds(60));
  CHECK(s.total() == 0);
  s.apply(s.controller.set_budget(4, s.now));
  CHECK(s.rdy[1] == 2);
  CHECK(s.rdy[2] == 2);
}

TEST_CASE("max_rdy_count limits a share, and the rest goes elsewhere", "[client][rdy]") {
  Servers s;
  s.apply(s.controller.set_budget(100, s.now));
  s.add(1, 5);
  CHECK(s.rdy[1] == 5);
  s.add(2, 2500);
  CHECK(s.rdy[1] == 5);
  CHECK(s.rdy[2] == 95);
  s.add(3, 0);
  CHECK(s.rdy[3] == 0);
}

TEST_CASE("nothing is sent when nothing changes", "[client][rdy]") {
  Servers s;
  s.apply(s.controller.set_budget(6, s.now));
  for (std::uint64_t c = 1; c <= 3; ++c) s.add(c);
  const int before = s.commands;
  s.apply(s.controller.set_budget(6, s.now));
  for (int i = 0; i < 20; ++i) s.tick(Seconds(5));
  CHECK(s.commands == before);
}

TEST_CASE("who gets the remainder changes", "[client][rdy]") {
  Servers s;
  s.apply(s.controller.set_budget(4, s.now));
  for (std::uint64_t c = 1; c <= 3; ++c) s.add(c);
  std::map<std::uint64_t, int> had_more;
  for (int i = 0; i < 3; ++i) {
    for (const auto& [connection, count] : s.rdy) had_more[connection] += count == 2;
    s.tick(Seconds(31));
  }
  CHECK(had_more == std::map<std::uint64_t, int>{{1, 1}, {2, 1}, {3, 1}});
}

TEST_CASE("with two for five everybody has a turn", "[client][rdy]") {
  Servers s;
  s.apply(s.controller.set_budget(2, s.now));
  for (std::uint64_t c = 1; c <= 5; ++c) s.add(c);
  CHECK(s.total() == 2);
  std::map<std::uint64_t, bool> served;
  // Idle ones give up theirs after 10 s, so five ticks of 11 s reach everybody.
  for (int i = 0; i < 5; ++i) {
    for (const auto& [connection, count] : s.rdy) served[connection] |= count > 0;
    s.tick(Seconds(11));
    CHECK(s.total() == 2);
  }
  for (const auto& [connection, was] : served) CHECK(was);
}

TEST_CASE("an idle connection gives way, a busy one only after its time", "[client][rdy]") {
  Servers s;
  s.apply(s.controller.set_budget(1, s.now));
  s.add(1);
  s.add(2);
  REQUIRE(s.rdy[1] == 1);
  SECTION("idle") {
    s.tick(Seconds(9));
    CHECK(s.rdy[1] == 1);
    s.tick(Seconds(2));
    CHECK(s.rdy[1] == 0);
    CHECK(s.rdy[2] == 1);
  }
  SECTION("busy") {
    for (int i = 0; i < 5; ++i) {
      s.tick(Seconds(5));
      s.controller.note_messages(1, s.now);
      CHECK(s.rdy[1] == 1);
    }
    s.tick(Seconds(6));
    CHECK(s.rdy[1] == 0);
    CHECK(s.rdy[2] == 1);
  }
}

TEST_CASE("the RDY of a lost connection moves to one that waits", "[client][rdy]") {
  Servers s;
  s.apply(s.controller.set_budget(2, s.now));
  for (std::uint64_t c = 1; c <= 3; ++c) s.add(c);
  const auto holder = std::ranges::find_if(s.rdy, [](const auto& e) { return e.second == 1; });
  s.remove(holder->first);
  CHECK(s.total() == 2);
}
