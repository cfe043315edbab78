#include "nsqd/storage/log_commit_queue.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/storage/store_fixture.hpp"

using namespace nsqd;

namespace {

/// A topic to publish to, and the order in which publishers were told.
struct Fixture : StoreFixture {
  explicit Fixture(Durability durability = Durability::disk) : t(topic("t")) {
    t->set_durability(durability);
  }

  Ticket append() { return publish(*t, {"m"}); }
  void note(Ticket ticket, std::string name) {
    journal->when_committed(ticket, [this, name](const nsq::Result<void>& result) {
      told.push_back(result ? name : name + " failed");
    });
  }
  /// Commits until that many were told, for what another thread does.
  bool await_told(std::size_t count) {
    return nsq::test::eventually([&] {
      static_cast<void>(commit());
      return told.size() >= count;
    });
  }

  std::shared_ptr<Topic> t;
  std::vector<std::string> told;
};

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("nobody is told before the commit, then all are, in order", "[storage][commit]") {
  Fixture f;
  f.note(f.append(), "a");
  f.note(f.append(), "b");
  CHECK(f.told.empty());
  CHECK_FALSE(f.commit());
  CHECK(f.told == Told{"a", "b"});
  CHECK_FALSE(f.commit());
  CHECK(f.told.size() == 2);
}

TEST_CASE("a turn's publishes share a ticket, the next turn's is larger", "[storage][commit]") {
  Fixture f;
  const Ticket first = f.append();
  CHECK(first > 0);
  CHECK(f.append() == first);
  CHECK_FALSE(f.commit());
  CHECK(f.append() > first);
}

TEST_CASE("a turn without publishes takes no ticket", "[storage][commit]") {
  Fixture f;
  const Ticket first = f.append();
  for (int i = 0; i < 3; ++i) CHECK_FALSE(f.commit());
  CHECK(f.append() == first + 1);
}

TEST_CASE("what waits for an old ticket or for none is told too, never within the call",
          "[storage][commit]") {
  Fixture f;
  const Ticket old = f.append();
  CHECK_FALSE(f.commit());
  f.note(old, "old");
  f.note(0, "none");
  CHECK(f.told.empty());
  CHECK_FALSE(f.commit());
  CHECK(f.told == Told{"old", "none"});
}

TEST_CASE("what a publisher publishes when it is told belongs to the next turn",
          "[storage][commit]") {
  Fixture f;
  const Ticket first = f.append();
  f.journal->when_committed(first, [&](const nsq::Result<void>&) {
    f.told.push_back("first");
    const Ticket next = f.append();
    CHECK(next > first);
    f.note(next, "next");
  });
  f.note(first, "second");
  CHECK(f.commit());  // asks for another turn
  CHECK(f.told == Told{"first", "second"});
  CHECK_FALSE(f.commit());
  CHECK(f.told == Told{"first", "second", "next"});
}

TEST_CASE("at sync nobody is told before the disk was waited for, and all in order",
          "[storage][commit]") {
  Fixture f(Durability::sync);
  f.note(f.append(), "a");
  static_cast<void>(f.journal->commit());
  CHECK(f.told.empty());  // the answer comes from another thread, by a post
  f.note(f.append(), "b");
  f.t->set_durability(Durability::disk);
  static_cast<void>(f.journal->commit());
  f.note(f.append(), "c");  // of a topic that waits for no disk, but behind one that does
  CHECK(f.await_told(3));
  CHECK(f.told == Told{"a", "b", "c"});
}

TEST_CASE("who publishes to a closed log is told that it failed", "[storage][commit]") {
  Fixture f;
  f.note(f.append(), "a");
  f.store->close();
  static_cast<void>(f.commit());
  CHECK(f.told == Told{"a failed"});
}

TEST_CASE("what was told is there after a restart", "[storage][commit]") {
  Fixture f;
  f.note(f.append(), "a");
  CHECK_FALSE(f.commit());
  CHECK(f.told == Told{"a"});
  f.t.reset();
  f.restart();
  CHECK(f.topic("t")->stats({}, false).depth == 1);
}
