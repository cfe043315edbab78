// A topic on a log: what a stop of any kind leaves, and what failed commits do.

#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/broker_fixture.hpp"

using namespace nsqd;
using Bodies = std::vector<std::string>;

namespace {

std::uint64_t depth(BrokerFixture& f) {
  return f.topic("t")->stats({}, false).depth;
}

}  // namespace

TEST_CASE("what a topic holds is there after a stop of any kind", "[queue][log]") {
  BrokerFixture f({.mem_queue_size = GENERATE(0U, 1U, 100U)});
  REQUIRE(f.publish(*f.topic("t"), {"a", "b"}));
  REQUIRE(f.publish(*f.topic("t"), {"c"}));
  SECTION("crash") {
    f.crash();
  }
  SECTION("clean") {
    f.restart();
  }
  CHECK(depth(f) == 3);
  CHECK(bodies(f.drain(*f.channel("t", "c"))) == Bodies{"a", "b", "c"});
}

TEST_CASE("what was not committed is gone after a crash", "[queue][log]") {
  BrokerFixture f;
  f.channel("t", "c");
  REQUIRE(f.publish(*f.topic("t"), {"kept"}));
  f.log.hold_commits = true;
  REQUIRE(f.publish(*f.topic("t"), {"lost"}));
  f.log.hold_commits = false;
  f.crash();
  CHECK(bodies(f.drain(*f.channel("t", "c"))) == Bodies{"kept"});
}

TEST_CASE("a finished message does not come again once cursors were saved", "[queue][log]") {
  BrokerFixture f;
  const auto channel = f.channel("t", "c");
  REQUIRE(f.publish(*f.topic("t"), {"a", "b"}));
  const auto client = make_client(1);
  (void)channel->add(client.consumer).value();
  channel->set_ready(*client.consumer, 10);
  const auto got = messages(pull_all(*channel, client, f.clock.now));
  REQUIRE(finish(*channel, client, got[0].wire_id()));
  f.log.save_dirty(*f.broker);
  f.crash();
  const auto again = messages(f.drain(*f.channel("t", "c")));
  REQUIRE(again.size() == 1);
  CHECK(again[0].id == got[1].id);
  CHECK(again[0].timestamp == got[1].timestamp);
  CHECK(again[0].attempts == 1);
}

TEST_CASE("what is finished before it is committed is saved when it is", "[queue][log]") {
  BrokerFixture f;
  const auto channel = f.channel("t", "c");
  const auto client = make_client(1);
  (void)channel->add(client.consumer).value();
  channel->set_ready(*client.consumer, 10);
  f.log.hold_commits = true;
  REQUIRE(f.publish(*f.topic("t"), {"a"}));
  const auto got = messages(pull_all(*channel, client, f.clock.now));
  REQUIRE(finish(*channel, client, got.at(0).wire_id()));
  f.log.save_dirty(*f.broker);
  f.journal->end_turn(true);
  CHECK(f.topic("t")->dirty());
  f.log.save_dirty(*f.broker);
  f.crash();
  CHECK(f.channel("t", "c")->stats(false).depth == 0);
}

TEST_CASE("a clean stop keeps what only memory had, with each channel's attempts", "[queue][log]") {
  BrokerFixture f;
  f.topic("t")->set_durability(Durability::memory);
  const auto a = f.channel("t", "a");
  f.channel("t", "b");
  REQUIRE(f.publish(*f.topic("t"), {"m"}));
  CHECK(f.journal->messages == 0);
  f.drain(*a);  // stays in flight
  f.restart();
  CHECK(messages(f.drain(*f.channel("t", "a"))).at(0).attempts == 1);
  CHECK(messages(f.drain(*f.channel("t", "b"))).at(0).attempts == 0);
}

TEST_CASE("at durability memory only what memory has no room for is written", "[queue][log]") {
  BrokerFixture f({.mem_queue_size = 2});
  const auto topic = f.topic("t");
  topic->set_durability(Durability::memory);
  f.channel("t", "c");
  REQUIRE(f.publish(*topic, {"a", "b"}));
  CHECK(f.journal->messages == 0);
  REQUIRE(f.publish(*topic, {"c", "d"}));
  CHECK(f.journal->messages == 2);
  CHECK(topic->find_channel("c")->stats(false).backend_depth == 2);
}

TEST_CASE("a full disk refuses what needs it", "[queue][log]") {
  BrokerFixture f;
  f.channel("t", "c");
  f.log.full = true;
  CHECK_FALSE(f.publish(*f.topic("t"), {"m"}));
  CHECK_FALSE(f.publish_deferred(*f.topic("t"), "m", Seconds(5)));
  f.topic("t")->set_durability(Durability::memory);
  CHECK(f.publish(*f.topic("t"), {"m"}));
  CHECK(f.topic("t")->stats({}, false).message_count == 1);
}

TEST_CASE("emptying a channel of a paused topic leaves it what the topic holds", "[queue][log]") {
  BrokerFixture f({.mem_queue_size = 0});
  const auto topic = f.topic("t");
  const auto channel = f.channel("t", "c");
  REQUIRE(f.publish(*topic, {"dropped"}));
  f.pause(*topic, true);
  REQUIRE(f.publish(*topic, {"held"}));
  f.empty(*topic, *channel);
  f.pause(*topic, false);
  CHECK(channel->stats(false).depth == 1);
  CHECK(bodies(f.drain(*channel)) == Bodies{"held"});
}

TEST_CASE("a channel that begins in the midst of a commit gets its part", "[queue][log]") {
  BrokerFixture f({.mem_queue_size = 0});
  const auto topic = f.topic("t");
  f.channel("t", "early");
  Effects effects;
  std::string_view body = "before";
  REQUIRE(topic->publish({&body, 1}, *f.journal, f.clock.now, effects).has_value());
  f.channel("t", "late");
  body = "after";
  REQUIRE(topic->publish({&body, 1}, *f.journal, f.clock.now, effects).has_value());
  static_cast<void>(f.journal->commit());
  SECTION("as it is") {}
  SECTION("and after a crash") {
    f.crash();
  }
  const auto late = f.channel("t", "late");
  CHECK(late->stats(false).depth == 1);
  CHECK(bodies(f.drain(*late)) == Bodies{"after"});
}

TEST_CASE("what was emptied from a topic stays away, though its commit ended later",
          "[queue][log]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  f.channel("t", "c");
  f.pause(*topic, true);
  f.log.hold_commits = true;
  REQUIRE(f.publish(*topic, {"dropped"}));
  topic->empty();
  f.broker->save(*topic);
  f.pause(*topic, false);
  f.journal->end_turn(true);
  f.log.hold_commits = false;
  f.crash();
  CHECK(f.channel("t", "c")->stats(false).depth == 0);
}

TEST_CASE("what is deferred before anything is published is not for later channels",
          "[queue][log]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  f.channel("t", "early");
  REQUIRE(f.publish_deferred(*topic, "m", Seconds(1)));
  f.channel("t", "late");
  f.advance(Seconds(1));
  f.let_in_due();
  f.crash();
  CHECK(f.channel("t", "early")->stats(false).depth == 1);
  CHECK(f.channel("t", "late")->stats(false).depth == 0);
}

TEST_CASE("a dropped message stays away, though the log forgot it at the second attempt only",
          "[queue][log]") {
  BrokerFixture f;
  const auto topic = f.topic("t");
  REQUIRE(f.publish_deferred(*topic, "dropped", Seconds(1)));
  topic->empty();
  f.channel("t", "c");
  f.log.fail_commits = true;
  f.advance(Seconds(1));
  f.let_in_due();
  f.log.save_dirty(*f.broker);
  f.log.fail_commits = false;
  SECTION("after a crash before that") {
    f.crash();
  }
  SECTION("after a clean stop before that") {
    f.restart();
  }
  SECTION("after a crash behind that") {
    f.advance(Seconds(1));
    CHECK(f.log.find("t")->deferred.empty());
    f.crash();
  }
  const auto stats = f.channel("t", "c")->stats(false);
  CHECK(stats.depth + stats.deferred_count == 0);
}

TEST_CASE("memory keeps what a failed commit left there, and the log does not count it",
          "[queue][log]") {
  BrokerFixture f({.mem_queue_size = 2});
  const auto channel = f.channel("t", "c");
  REQUIRE(f.publish(*f.topic("t"), {"a"}));
  f.log.fail_commits = true;
  REQUIRE(f.publish(*f.topic("t"), {"failed", "failed and beyond the limit"}));
  f.log.fail_commits = false;
  REQUIRE(f.publish(*f.topic("t"), {"b"}));
  CHECK(channel->stats(false).depth == 3);
  f.log.save_dirty(*f.broker);
  SECTION("crash") {
    f.crash();
    CHECK(f.channel("t", "c")->stats(false).depth == 2);
    CHECK(bodies(f.drain(*f.channel("t", "c"))) == Bodies{"a", "b"});
  }
  SECTION("clean stop") {
    f.restart();
    CHECK(f.channel("t", "c")->stats(false).depth == 3);
    CHECK(bodies(f.drain(*f.channel("t", "c"))) == Bodies{"a", "b", "failed"});
  }
}

TEST_CASE("topics and channels keep the order in which they were created", "[queue][log]") {
  BrokerFixture f;
  for (const char* name : {"t", "b", "z", "a"}) f.topic(name);
  for (const char* name : {"z", "gone", "a", "m"}) f.channel("t", name);
  REQUIRE(f.broker->delete_channel(f.topic("t"), "gone"));
  f.channel("t", "gone");
  SECTION("over a crash") {
    f.crash();
  }
  SECTION("over a clean stop") {
    f.restart();
  }
  Bodies channels;
  for (const auto& channel : f.topic("t")->channels()) channels.push_back(channel->name());
  CHECK(channels == Bodies{"z", "a", "m", "gone"});
  std::map<std::uint32_t, std::string> topics;
  for (const auto& topic : f.broker->topics()) topics.emplace(topic->id(), topic->name().str());
  CHECK(topics == std::map<std::uint32_t, std::string>{{1, "t"}, {2, "b"}, {3, "z"}, {4, "a"}});
}

TEST_CASE("no id comes again, though the clock is behind the ids when the process starts",
          "[queue][log][id]") {
  BrokerFixture f;
  f.channel("t", "c");
  const std::vector<std::string> many(10'000, "m");  // more than a unit of the clock has
  REQUIRE(f.publish(*f.topic("t"), many));
  REQUIRE(f.publish_deferred(*f.topic("t"), "later", Milliseconds(1)));
  SECTION("after a crash, of which the cursors know nothing") {
    f.crash();
  }
  SECTION("after a crash") {
    f.log.save_dirty(*f.broker);
    f.crash();
  }
  SECTION("after a clean stop") {
    f.restart();
  }
  REQUIRE(f.publish(*f.topic("t"), {"next"}));
  f.advance(Milliseconds(1));
  f.let_in_due();
  std::set<std::uint64_t> ids;
  const auto all = messages(f.drain(*f.channel("t", "c")));
  for (const auto& message : all) ids.insert(message.id);
  CHECK(all.size() == 10'002);
  CHECK(ids.size() == all.size());
}
