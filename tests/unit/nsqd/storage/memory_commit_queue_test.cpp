#include "nsqd/storage/memory_commit_queue.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "nsqd/queue/deadline_index.hpp"
#include "nsqd/queue/topic.hpp"

using namespace nsqd;

namespace {

/// A queue, a topic to publish to, and the order in which publishers were told.
struct Fixture {
  Ticket append() { return commits.append(topic, Run{}); }
  void commit() { static_cast<void>(commits.commit()); }
  void note(Ticket ticket, std::string name) {
    commits.when_committed(ticket, [this, name](const nsq::Result<void>& result) {
      told.push_back(result ? name : name + " failed");
    });
  }

  DeadlineIndex deadlines;
  Topic topic{nsq::wire::TopicName::parse("t").value(), {}, deadlines, 1};
  MemoryCommitQueue commits;
  std::vector<std::string> told;
};

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("nobody is told before the commit, then all are, in order", "[storage][commit]") {
  Fixture f;
  f.note(f.append(), "a");
  f.note(f.append(), "b");
  CHECK(f.told.empty());
  f.commit();
  CHECK(f.told == Told{"a", "b"});
  f.commit();
  CHECK(f.told.size() == 2);
}

TEST_CASE("a turn's publishes share a ticket, the next turn's is larger", "[storage][commit]") {
  Fixture f;
  const Ticket first = f.append();
  CHECK(first > 0);
  CHECK(f.append() == first);
  f.commit();
  CHECK(f.append() > first);
}

TEST_CASE("a turn without publishes takes no ticket", "[storage][commit]") {
  Fixture f;
  const Ticket first = f.append();
  f.commit();
  f.commit();
  f.commit();
  CHECK(f.append() == first + 1);
}

TEST_CASE("what waits for an old ticket or for none is told too, never within the call",
          "[storage][commit]") {
  Fixture f;
  const Ticket old = f.append();
  f.commit();
  f.note(old, "old");
  f.note(0, "none");
  CHECK(f.told.empty());
  f.commit();
  CHECK(f.told == Told{"old", "none"});
}

TEST_CASE("what a publisher publishes when it is told belongs to the next turn",
          "[storage][commit]") {
  Fixture f;
  const Ticket first = f.append();
  f.commits.when_committed(first, [&](const nsq::Result<void>&) {
    f.told.push_back("first");
    const Ticket next = f.append();
    CHECK(next > first);
    f.note(next, "next");
  });
  f.note(first, "second");
  CHECK(f.commits.commit());  // asks for another turn
  CHECK(f.told == Told{"first", "second"});
  CHECK_FALSE(f.commits.commit());
  CHECK(f.told == Told{"first", "second", "next"});
}
