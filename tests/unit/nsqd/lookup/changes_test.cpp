#include "nsqd/lookup/changes.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/broker_fixture.hpp"

namespace nsqd {
namespace {

constexpr auto kCreated = Change::Kind::created;
constexpr auto kDeleted = Change::Kind::deleted;

TEST_CASE("a new connection is told everything", "[lookup]") {
  BrokerFixture f;
  CHECK(all_commands(*f.broker).empty());
  f.topic("lone");
  f.channel("b", "two");
  f.channel("b", "one#ephemeral");
  // A topic with channels has no line of its own.
  CHECK(all_commands(*f.broker) ==
        LookupCommands{"REGISTER b two", "REGISTER b one#ephemeral", "REGISTER lone"});
}

TEST_CASE("what came is registered, what went unregistered", "[lookup]") {
  BrokerFixture f;
  f.channel("t", "c");
  CHECK(commands_for({kCreated, "t"}, *f.broker) == LookupCommands{"REGISTER t"});
  CHECK(commands_for({kCreated, "t", "c"}, *f.broker) == LookupCommands{"REGISTER t c"});
  CHECK(commands_for({kDeleted, "t", "gone"}, *f.broker) == LookupCommands{"UNREGISTER t gone"});
  CHECK(commands_for({kDeleted, "gone"}, *f.broker) == LookupCommands{"UNREGISTER gone"});
  CHECK(commands_for({kDeleted, "gone", "c"}, *f.broker) == LookupCommands{"UNREGISTER gone c"});
}

TEST_CASE("changes that are told late yield how it is now", "[lookup]") {
  BrokerFixture f;
  f.channel("t", "c");
  SECTION("created, and deleted since") {
    CHECK(commands_for({kCreated, "u"}, *f.broker).empty());
    CHECK(commands_for({kCreated, "t", "d"}, *f.broker).empty());
    CHECK(commands_for({kCreated, "u", "d"}, *f.broker).empty());
  }
  SECTION("deleted, and created anew since") {
    CHECK(commands_for({kDeleted, "t", "c"}, *f.broker) ==
          LookupCommands{"UNREGISTER t c", "REGISTER t c"});
    // The UNREGISTER of a topic takes its channels along.
    CHECK(commands_for({kDeleted, "t"}, *f.broker) ==
          LookupCommands{"UNREGISTER t", "REGISTER t c"});
  }
}

TEST_CASE("the inbox asks once to be emptied", "[lookup]") {
  ChangeInbox inbox(10);
  CHECK(inbox.add({kCreated, "a"}));
  CHECK_FALSE(inbox.add({kCreated, "b"}));
  const auto taken = inbox.take();
  REQUIRE(taken.changes.size() == 2);
  CHECK(taken.changes[0].topic == "a");
  CHECK(taken.changes[1].topic == "b");
  CHECK_FALSE(taken.overflowed);
  CHECK(inbox.add({kDeleted, "a"}));
}

TEST_CASE("a full inbox forgets and asks for a fresh start", "[lookup]") {
  ChangeInbox inbox(2);
  CHECK(inbox.add({kCreated, "a"}));
  for (int i = 0; i < 3; ++i) CHECK_FALSE(inbox.add({kCreated, "b"}));
  const auto taken = inbox.take();
  CHECK(taken.overflowed);
  CHECK(taken.changes.empty());
  CHECK(inbox.add({kCreated, "c"}));
  CHECK_FALSE(inbox.take().overflowed);
}

}  // namespace
}  // namespace nsqd
