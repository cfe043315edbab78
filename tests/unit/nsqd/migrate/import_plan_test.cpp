#include "nsqd/migrate/import_plan.hpp"

#include "tests/unit/nsqd/migrate/fixture.hpp"

using namespace nsqd;
using namespace nsqd::migrate;

namespace {

upstream::TopicEntry entry(std::string_view text) {
  const auto metadata =
      upstream::parse_metadata(R"({"topics":[)" + std::string(text) + "]}").value();
  return metadata.topics.at(0);
}

schema::Stored stored(TopicImage image) {
  return {std::move(image), 3};
}

const auto kOneChannel = R"({"name":"t","channels":[{"name":"c"}]})";

}  // namespace

TEST_CASE("numbers of topics and channels go on where they stood", "[migrate][plan]") {
  TopicImage t;
  t.id = 7;
  t.name = "t";
  t.last_channel = 4;
  const auto metadata = upstream::parse_metadata(
      R"({"topics":[{"name":"new"},{"name":"t","channels":[{"name":"c"}]},{"name":"e#ephemeral"}]})");
  const auto plan = plan_import(metadata.value(), {stored(t)}, Durability::sync);
  REQUIRE(plan.topics.size() == 2);
  CHECK(plan.topics[0].image().id == 8);
  CHECK(plan.topics[0].image().durability == Durability::sync);
  CHECK(plan.topics[1].image().id == 7);
  CHECK(plan.topics[1].image().durability == Durability::disk);
  CHECK(plan.topics[1].channel("c") == 5);
  CHECK(plan.topics[1].trimmed() == 3);
  CHECK(plan.places == std::vector<ImportMark::Place>{{7, 0}});
  CHECK(plan.first_new == 8);
  CHECK(plan.notes.size() == 2);
}

TEST_CASE("what a topic kept for want of channels is the first channels'", "[migrate][plan]") {
  TopicImage t;
  t.next_offset = 100;
  t.held = {.start = 40, .end = 100, .deferred = 2, .unacked = {{50, 60, 10, 0}}};
  ImportedTopic topic(stored(t), entry(kOneChannel));
  topic.append(1, 5);
  topic.append(0, 2);
  topic.finish();
  const TopicImage& image = topic.image();
  const Cursor expected{.start = 40,
                        .end = 107,
                        .deferred = 2,
                        .unacked = {{50, 60, 10, 0}, {100, 105, 5, 0}, {105, 107, 2, 0}}};
  CHECK(image.channels.at(0).cursor == expected);
  CHECK(image.held == Cursor{.start = 107, .end = 107, .deferred = 0, .unacked = {}});
  CHECK(image.next_offset == 107);
  CHECK(image.committed == 107);
}

TEST_CASE("a channel that comes to others gets nothing of what came before", "[migrate][plan]") {
  TopicImage t;
  t.next_offset = 100;
  t.last_channel = 1;
  t.held.start = 20;  // out of date while the topic does not hold
  t.channels.push_back({.id = 1,
                        .name = "old",
                        .paused = true,
                        .cursor = {.start = 0, .end = 100, .deferred = 0, .unacked = {}}});
  ImportedTopic topic(stored(t), entry(kOneChannel));
  topic.finish();
  CHECK(topic.image().channels.at(0).paused);
  CHECK(topic.image().channels.at(1).cursor.start == 100);
}

TEST_CASE("a topic that upstream paused holds from here on", "[migrate][plan]") {
  TopicImage t;
  t.next_offset = 100;
  t.channels.push_back({.id = 1,
                        .name = "c",
                        .paused = false,
                        .cursor = {.start = 0, .end = 100, .deferred = 0, .unacked = {}}});
  ImportedTopic topic(stored(t), entry(R"({"name":"t","paused":true})"));
  topic.append(1, 1);
  topic.append(0, 2);
  topic.append(0, 0);
  topic.finish();
  CHECK(topic.image().paused);
  CHECK(topic.image().channels.at(0).cursor.unacked == std::vector<LogRange>{{100, 101, 1, 0}});
  CHECK(topic.image().held ==
        Cursor{.start = 100, .end = 103, .deferred = 0, .unacked = {{101, 103, 2, 0}}});
}

TEST_CASE("a topic that was paused here stays so and keeps what it held", "[migrate][plan]") {
  TopicImage t;
  t.paused = true;
  t.next_offset = 100;
  t.held = {.start = 40, .end = 100, .deferred = 1, .unacked = {{50, 60, 10, 0}}};
  ImportedTopic topic(stored(t), entry(kOneChannel));
  topic.append(0, 2);
  topic.finish();
  CHECK(topic.image().paused);
  CHECK(topic.image().channels.at(0).cursor.unacked.empty());
  CHECK(topic.image().channels.at(0).cursor.start == 40);
  CHECK(topic.image().held == Cursor{.start = 40,
                                     .end = 102,
                                     .deferred = 1,
                                     .unacked = {{50, 60, 10, 0}, {100, 102, 2, 0}}});
}
