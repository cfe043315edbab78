#include "nsqd/storage/schema.hpp"

#include <limits>

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/fixture.hpp"

using namespace nsqd;

namespace {

TopicImage image() {
  TopicImage made;
  made.id = 7;
  made.name = "orders";
  made.paused = true;
  made.durability = Durability::sync;
  made.next_offset = 100;
  made.committed = 90;
  made.last_channel = 5;
  made.far_deferred = 3;
  made.held.start = 40;
  made.held.end = 90;
  made.held.unacked = {{50, 60, 9, 0}};
  made.dropped = {{10, 20, 4, 0}};
  ChannelImage channel{.id = 5, .name = "mail", .paused = true, .cursor = {}};
  channel.cursor.start = 2;
  channel.cursor.emptied = 3;
  channel.cursor.end = 90;
  channel.cursor.deferred = 1;
  channel.cursor.unacked = {{4, 5, 1, 65'535}, {6, 9, 3, 0}};
  made.channels = {channel};
  return made;
}

}  // namespace

TEST_CASE("a topic is read as it was written", "[storage][schema]") {
  const auto written = image();
  const std::string topic = schema::encode_topic(written);
  const std::string cursors = schema::encode_cursors(written, 33);
  const auto stored = schema::decode_topic(7, topic, cursors);
  REQUIRE(stored.has_value());
  CHECK(stored->trimmed == 33);
  CHECK(schema::encode_topic(stored->image) == topic);
  CHECK(schema::encode_cursors(stored->image, 33) == cursors);
  CHECK(stored->image.channels.at(0).cursor == written.channels.at(0).cursor);
  CHECK(stored->image.held == written.held);
}

TEST_CASE("a topic without cursors is at its beginning", "[storage][schema]") {
  const auto stored = schema::decode_topic(7, schema::encode_topic(image()), std::nullopt);
  REQUIRE(stored.has_value());
  CHECK(stored->image.name == "orders");
  CHECK(stored->image.next_offset == 0);
  CHECK(stored->image.channels.at(0).cursor == Cursor{});
}

TEST_CASE("damaged records are refused", "[storage][schema]") {
  const std::string topic = schema::encode_topic(image());
  const std::string cursors = schema::encode_cursors(image(), 0);
  CHECK_FALSE(schema::decode_topic(7, "{", cursors).has_value());
  CHECK_FALSE(schema::decode_topic(7, "{}", cursors).has_value());
  CHECK_FALSE(schema::decode_topic(7, "[]", cursors).has_value());
  for (std::size_t cut = 0; cut < cursors.size(); ++cut) {
    CHECK_FALSE(schema::decode_topic(7, topic, cursors.substr(0, cut)).has_value());
  }
  CHECK_FALSE(schema::decode_topic(7, topic, cursors + "x").has_value());
}

TEST_CASE("keys sort by topic, then by place or time", "[storage][schema]") {
  const auto text = [](const auto& key) { return std::string(key.data(), key.size()); };
  CHECK(text(schema::log_key(1, 300)) < text(schema::log_key(2, 0)));
  CHECK(text(schema::log_key(1, 255)) < text(schema::log_key(1, 256)));
  CHECK(schema::offset_of(text(schema::log_key(1, 256))) == 256);
  CHECK(schema::topic_of(text(schema::log_key(9, 256))) == 9);
  CHECK(text(schema::deferred_key(1, {-1, 5})) < text(schema::deferred_key(1, {0, 0})));
  CHECK(text(schema::deferred_key(1, {5, 5})) < text(schema::deferred_key(1, {5, 6})));
  const DuePoint at{std::numeric_limits<std::int64_t>::min(), 77};
  CHECK(schema::due_point_of(text(schema::deferred_key(1, at))) == at);
  CHECK(schema::parse_topic_key(schema::topic_key(42)) == 42);
  CHECK_FALSE(schema::parse_topic_key("version").has_value());
}

TEST_CASE("a chunk is whole or none", "[storage][schema]") {
  const Run run = make_run({"a", "bb"}, 0);
  std::string value(schema::kChunkHeaderBytes, '\0');
  const schema::ChunkHeader header{.attempts = 3, .count = 2, .channel = 4, .born = 17};
  schema::write_chunk_header(value.data(), header);
  value += run.frames();
  const auto chunk = schema::parse_chunk(value);
  REQUIRE(chunk.has_value());
  CHECK(chunk->header.attempts == 3);
  CHECK(chunk->header.count == 2);
  CHECK(chunk->header.channel == 4);
  CHECK(chunk->header.born == 17);
  CHECK(chunk->frames == run.frames());
  for (std::size_t cut = 0; cut < value.size(); ++cut) {
    CHECK_FALSE(schema::parse_chunk(value.substr(0, cut)).has_value());
  }
  CHECK_FALSE(schema::parse_chunk(value + "x").has_value());
  value[0] = 9;
  CHECK_FALSE(schema::parse_chunk(value).has_value());
}

TEST_CASE("a deferred message is read as it was written", "[storage][schema]") {
  DeferredMessage message;
  message.at = {123, 45};
  message.channel = 6;
  message.home = 40;
  message.run = make_run({"body"}, 45);
  message.run.attempts = 2;
  const auto key = schema::deferred_key(1, message.at);
  std::string value(schema::kDeferredHeaderBytes, '\0');
  schema::write_deferred_header(value.data(), message);
  value += message.run.frames();
  const auto back = schema::parse_deferred({key.data(), key.size()}, value);
  REQUIRE(back.has_value());
  CHECK(back->at == message.at);
  CHECK(back->channel == 6);
  CHECK(back->home == 40);
  CHECK(back->stored);
  CHECK(back->run.attempts == 2);
  CHECK(back->run.frames() == message.run.frames());
  const auto place = schema::deferred_target(value);
  REQUIRE(place.has_value());
  CHECK(place->channel == 6);
  CHECK(place->home == 40);
  CHECK_FALSE(schema::parse_deferred({key.data(), key.size()}, value + "x").has_value());
  CHECK_FALSE(schema::deferred_target(value.substr(0, 5)).has_value());
}
