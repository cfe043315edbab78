#include "nsqd/storage/recovery.hpp"

#include <catch2/catch.hpp>

#include "nsqd/storage/scan.hpp"
#include "nsqd/storage/schema.hpp"
#include "tests/unit/nsqd/queue/fixture.hpp"
#include "tests/unit/nsqd/storage/store_fixture.hpp"

using namespace nsqd;

namespace {

std::uint64_t depth(const std::shared_ptr<Channel>& channel) {
  return channel->stats(false).depth;
}

}  // namespace

TEST_CASE("a clean restart knows all there was", "[storage][recovery]") {
  StoreFixture f;
  const auto durability = GENERATE(Durability::disk, Durability::sync, Durability::memory);
  f.topic("t")->set_durability(durability);
  f.channel("t", "c");
  f.publish_safely(*f.topic("t"), {"a", "b", "c"});
  f.restart();
  CHECK(f.topic("t")->durability() == durability);
  CHECK(depth(f.channel("t", "c")) == 3);
  CHECK(f.topic("t")->stats({}, false).depth == 0);
}

TEST_CASE("a deleted topic stays deleted", "[storage][recovery]") {
  StoreFixture f;
  f.publish_safely(*f.topic("t"), {"a"});
  REQUIRE(f.broker->delete_topic("t"));
  f.restart();
  CHECK(f.broker->find_topic("t") == nullptr);
}

TEST_CASE("a deferred message of a clean stop is counted once", "[storage][recovery]") {
  StoreFixture f;
  f.channel("t", "c");
  Effects effects;
  REQUIRE(f.topic("t")
              ->publish_deferred("m", nsq::Seconds(GENERATE(5, 5000)), *f.journal,
                                 nsq::read_clock(), effects)
              .has_value());
  static_cast<void>(f.commit());
  f.restart();
  CHECK(f.channel("t", "c")->stats(false).deferred_count == 1);
}

TEST_CASE("what was deferred since the cursors were written is taken out of a range with gaps",
          "[storage][recovery]") {
  nsq::test::TempDir dir;
  Health health;
  Database database{{.data_path = dir.path().string()}, health, nsq::Logger()};
  REQUIRE(database.open().has_value());
  rocksdb::WriteBatch batch;
  const auto put = [&](Family family, std::string_view key, std::string_view value) {
    REQUIRE(batch.Put(database.family(family), slice(key), slice(value)).ok());
  };
  const auto text = [](const auto& key) { return std::string_view(key.data(), key.size()); };
  // Of 0 to 3 the log holds 0, 2 and 3, and 3 was deferred then.
  TopicImage image;
  image.id = 1;
  image.name = "t";
  image.next_offset = image.committed = 4;
  image.last_channel = 1;
  image.channels.push_back(
      {1, "c", false, {.end = 4, .unacked = {{.begin = 0, .end = 4, .count = 3}}}});
  put(Family::meta, schema::topic_key(1), schema::encode_topic(image));
  put(Family::cursor, text(schema::topic_bytes(1)), schema::encode_cursors(image, 0));
  for (const Run& run : {make_run(1, 0), make_run(2, 2)}) {
    std::string value(schema::kChunkHeaderBytes, '\0');
    schema::write_chunk_header(value.data(), {.count = run.count, .born = run.first});
    put(Family::log, text(schema::log_key(1, run.first)), value.append(run.frames()));
  }
  DeferredMessage later{.at = {1, 4}, .channel = 1, .home = 3, .run = make_run(1, 3)};
  std::string value(schema::kDeferredHeaderBytes, '\0');
  schema::write_deferred_header(value.data(), later);
  put(Family::deferred, text(schema::deferred_key(1, later.at)), value.append(later.run.frames()));
  REQUIRE(database.write(batch, true).ok());

  CorruptStretches corrupt{nsq::Logger()};
  const auto state = read_state(database, corrupt);
  REQUIRE(state.has_value());
  const Cursor& cursor = state->topics.at(0).image.channels.at(0).cursor;
  CHECK(cursor.unacked == std::vector<LogRange>{{.begin = 0, .end = 3, .count = 2}});
  CHECK(cursor.deferred == 1);
}

TEST_CASE("the log goes when the slowest channel has acknowledged it, and no chunk before",
          "[storage][trim]") {
  StoreFixture f;
  for (const char* name : {"fast", "slow"}) f.channel("t", name);
  for (const char* body : {"a", "b", "c"}) f.publish_safely(*f.topic("t"), {body});
  const auto consume = [&](const char* name, std::size_t answers) {
    const auto channel = f.channel("t", name);
    const auto client = make_client(1);
    (void)channel->add(client.consumer).value();
    channel->set_ready(*client.consumer, 10);
    const auto got = messages(pull_all(*channel, client, nsq::read_clock()));
    for (std::size_t i = 0; i < answers; ++i)
      REQUIRE(finish(*channel, client, got.at(i).wire_id()));
  };
  const auto places = [&] {
    f.close();
    Health health;
    Database database{{.data_path = f.dir.path().string()}, health, nsq::Logger()};
    REQUIRE(database.open().has_value());
    const Database::Access access(database);
    const Scan it(database, *access.db(), Family::log, schema::topic_bytes(1),
                  schema::topic_bytes(2));
    std::vector<Offset> found;
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      found.push_back(schema::offset_of(it->key().ToStringView()));
    }
    return found;
  };
  consume("fast", 3);
  SECTION("nothing of it") {
    CHECK(places() == std::vector<Offset>{0, 1, 2});
  }
  SECTION("some of it") {
    consume("slow", 1);
    CHECK(places() == std::vector<Offset>{1, 2});
  }
  SECTION("all of it") {
    consume("slow", 3);
    CHECK(places().empty());
  }
}
