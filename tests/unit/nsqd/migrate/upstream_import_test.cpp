#include "nsqd/migrate/upstream_import.hpp"

#include <cstring>

#include "tests/unit/nsqd/migrate/fixture.hpp"

using namespace nsqd;
using namespace nsqd::migrate;
using namespace nsqd::migrate::test;

namespace {

const std::string kTopicWithChannels =
    R"({"topics":[{"name":"t","paused":false,"channels":[{"name":"c","paused":false},{"name":"d","paused":true}]}],"version":"1.3.0"})";

}  // namespace

TEST_CASE("without nsqd.dat nothing is opened or made", "[migrate][import]") {
  const DataPath dir;
  dir.queue("t:c", {{1, "a"}});
  dir.import();
  CHECK_FALSE(dir.has("nsqd.db"));
  CHECK(dir.has("t:c.diskqueue.000000.dat"));
}

TEST_CASE("topics, channels and messages come over as they were", "[migrate][import]") {
  const DataPath dir;
  dir.metadata(kTopicWithChannels);
  dir.queue("t", {{9, "young", 0, 90}});
  dir.queue("t:c", {{1, "a", 0, 10}, {2, "b", 3, 20}, {3, "c", 3, 30}, {4, "d", 0, 40}});
  dir.queue("t:d", {{2, "b", 1, 20}});
  dir.import();

  Opened opened(dir.database());
  const auto topics = opened.recovered();
  const TopicImage& t = topic_of(topics, "t");
  REQUIRE(t.channels.size() == 2);
  CHECK(t.channels[0].name == "c");
  CHECK_FALSE(t.channels[0].paused);
  CHECK(t.channels[1].name == "d");
  CHECK(t.channels[1].paused);
  CHECK_FALSE(t.paused);
  CHECK(t.committed == t.next_offset);

  // The same id in two channels is a message of each; what the topic had goes to both, behind.
  const Content expected{
      {"t", {}},
      {"t:c",
       {{1, "a", 0, 10}, {2, "b", 3, 20}, {3, "c", 3, 30}, {4, "d", 0, 40}, {9, "young", 0, 90}}},
      {"t:d", {{2, "b", 1, 20}, {9, "young", 0, 90}}}};
  CHECK(content_of(opened.database(), topics) == expected);
}

TEST_CASE("files are moved aside, and a second start has nothing to do", "[migrate][import]") {
  const DataPath dir;
  dir.metadata(kTopicWithChannels);
  dir.queue("t:c", {{1, "a"}});
  dir.queue("gone:c", {{1, "not listed"}});
  dir.import();
  CHECK_FALSE(dir.has("nsqd.dat"));
  CHECK_FALSE(dir.has("t:c.diskqueue.000000.dat"));
  CHECK(dir.has("gone:c.diskqueue.000000.dat"));
  CHECK(std::filesystem::exists(dir.imported() / "nsqd.dat"));
  CHECK(std::filesystem::exists(dir.imported() / "t:c.diskqueue.000000.dat"));
  dir.import();
  CHECK(content_of(dir.database()).at("t:c") == Messages{{1, "a"}});
  CHECK_FALSE(Opened(dir.database()).state().import.has_value());
}

TEST_CASE("a topic that is paused, or has no channels, keeps its messages", "[migrate][import]") {
  const DataPath dir;
  dir.metadata(R"({"topics":[{"name":"alone"},)"
               R"({"name":"paused","paused":true,"channels":[{"name":"c"}]}]})");
  dir.queue("alone", {{1, "a"}, {2, "b"}});
  dir.queue("paused", {{3, "c"}});
  dir.queue("paused:c", {{4, "d"}});
  dir.import();
  const Content expected{
      {"alone", {{1, "a"}, {2, "b"}}}, {"paused", {{3, "c"}}}, {"paused:c", {{4, "d"}}}};
  CHECK(content_of(dir.database()) == expected);
}

TEST_CASE("what is damaged is read as far as it goes, .bad files too", "[migrate][import]") {
  const DataPath dir;
  dir.metadata(kTopicWithChannels);
  const Stored torn{5, "torn"};
  dir.write("t:c.diskqueue.000003.dat.bad", record({1, "bad"}) + "\x7f");
  dir.write("t:c.diskqueue.000004.dat", record({2, "read before"}) + record({3, "first"}));
  dir.write("t:c.diskqueue.000005.dat", record({4, "second"}) + record(torn).substr(0, 12));
  dir.write("t:c.diskqueue.000006.dat", record({6, "third"}));
  const auto read_to = std::to_string(record({2, "read before"}).size());
  dir.write("t:c.diskqueue.meta.dat", "4\n4," + read_to + "\n6,35\n");
  dir.import();
  CHECK(content_of(dir.database()).at("t:c") ==
        Messages{{1, "bad"}, {3, "first"}, {4, "second"}, {6, "third"}});
}

TEST_CASE("a queue without a meta file is read from its beginning", "[migrate][import]") {
  const DataPath dir;
  dir.metadata(kTopicWithChannels);
  dir.write("t:c.diskqueue.000000.dat", record({1, "a"}));
  dir.import();
  CHECK(content_of(dir.database()).at("t:c") == Messages{{1, "a"}});
}

TEST_CASE("what is ephemeral is left out", "[migrate][import]") {
  const DataPath dir;
  dir.metadata(R"({"topics":[{"name":"e#ephemeral","channels":[{"name":"c"}]},)"
               R"({"name":"t","channels":[{"name":"x#ephemeral"}]}]})");
  dir.queue("t", {{1, "a"}});
  dir.import();
  CHECK(content_of(dir.database()) == Content{{"t", {{1, "a"}}}});
}

TEST_CASE("messages that are too large are passed over", "[migrate][import]") {
  const DataPath dir;
  dir.metadata(kTopicWithChannels);
  dir.queue("t:c", {{1, "a"}, {2, std::string(101, 'x')}, {3, std::string(100, 'y')}});
  auto config = dir.config();
  config.max_body_bytes = 100;
  REQUIRE(import_upstream(config, nsq::Logger()).has_value());
  CHECK(content_of(dir.database()).at("t:c") == Messages{{1, "a"}, {3, std::string(100, 'y')}});
}

TEST_CASE("an id that is no number is replaced, as clients must answer with it",
          "[migrate][import]") {
  const DataPath dir;
  dir.metadata(kTopicWithChannels);
  std::string data = record({1, "a"});
  std::memcpy(data.data() + 14, "not a hex number", 16);
  dir.write("t:c.diskqueue.000000.dat", data);
  dir.import();
  const auto messages = content_of(dir.database()).at("t:c");  // whose fixture wants a number
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].body == "a");
}

TEST_CASE("large queues are cut into chunks", "[migrate][import]") {
  const DataPath dir;
  dir.metadata(kTopicWithChannels);
  Messages messages;
  for (std::uint64_t i = 0; i < schema::kMaxChunkMessages * 2 + 5; ++i)
    messages.push_back({i, "m"});
  for (std::uint64_t i = 0; i < 5; ++i) {
    messages.push_back({i, std::string(schema::kMaxChunkBytes - 100, 'l')});
    messages.push_back({i, std::string(schema::kMaxChunkBytes + 100, 'l')});
  }
  dir.queue("t:c", messages);
  dir.import();
  CHECK(content_of(dir.database()).at("t:c") == messages);
}

TEST_CASE("a malformed nsqd.dat stops the start and changes nothing", "[migrate][import]") {
  const DataPath dir;
  dir.metadata("{");
  CHECK_FALSE(import_upstream(dir.config(), nsq::Logger()).has_value());
  CHECK(dir.has("nsqd.dat"));
}

TEST_CASE("a full disk stops the import and changes nothing", "[migrate][import]") {
  const DataPath dir;
  dir.metadata(kTopicWithChannels);
  dir.queue("t:c", {{1, "a"}});
  auto config = dir.config();
  config.database.min_free_disk = UINT64_MAX;
  const auto imported = import_upstream(config, nsq::Logger());
  REQUIRE_FALSE(imported.has_value());
  CHECK_THAT(imported.error().text(), Catch::Contains("disk full"));
  CHECK(dir.has("nsqd.dat"));
  CHECK(content_of(dir.database()).empty());
  dir.import();
  CHECK(content_of(dir.database()).at("t:c") == Messages{{1, "a"}});
}

TEST_CASE("topics that are there already get upstream's messages behind theirs",
          "[migrate][import]") {
  const DataPath dir;
  dir.metadata(R"({"topics":[{"name":"t","channels":[{"name":"c"}]},{"name":"alone"}]})");
  dir.queue("t:c", {{1, "old"}});
  dir.queue("alone", {{2, "held"}});
  dir.import();
  dir.metadata(R"({"topics":[{"name":"alone","channels":[{"name":"new"}]},{"name":"more"},)"
               R"({"name":"t","channels":[{"name":"c","paused":true},{"name":"d"}]}]})");
  dir.queue("t:c", {{3, "c"}});
  dir.queue("t:d", {{4, "d"}});
  dir.queue("t", {{5, "both"}});
  dir.queue("alone:new", {{6, "n"}});
  dir.import();

  Opened opened(dir.database());
  const auto topics = opened.recovered();
  CHECK(topic_of(topics, "t").channels.at(0).paused);
  const Content expected{{"alone", {}},
                         {"alone:new", {{2, "held"}, {6, "n"}}},
                         {"more", {}},
                         {"t", {}},
                         {"t:c", {{1, "old"}, {3, "c"}, {5, "both"}}},
                         {"t:d", {{4, "d"}, {5, "both"}}}};
  CHECK(content_of(opened.database(), topics) == expected);
}
