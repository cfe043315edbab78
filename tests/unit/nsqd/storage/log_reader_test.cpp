#include "nsqd/storage/log_reader.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/fixture.hpp"
#include "tests/unit/nsqd/storage/store_fixture.hpp"

using namespace nsqd;

namespace {

/// A database of its own, chunks written by hand, and a topic to ask for.
struct ReaderFixture {
  ReaderFixture() { REQUIRE(database.open().has_value()); }

  void chunk(Offset first, const std::vector<std::string>& bodies, const Audience& audience) {
    const Run run = make_run(bodies, first);
    std::string value(schema::kChunkHeaderBytes, '\0');
    schema::write_chunk_header(value.data(), {.attempts = 2,
                                              .count = run.count,
                                              .channel = audience.channel,
                                              .born = audience.born.value_or(first)});
    value += run.frames();
    put(first, value);
  }
  void put(Offset first, const std::string& value) {
    const auto key = schema::log_key(1, first);
    rocksdb::WriteBatch batch;
    REQUIRE(batch.Put(database.family(Family::log), {key.data(), key.size()}, value).ok());
    REQUIRE(database.write(batch, true).ok());
  }

  ReadResult read(Offset begin, Offset end, std::uint32_t bytes = 1'000'000, Offset start = 0) {
    ReadRequest request;
    request.topic = topic;
    request.channel_id = 3;
    request.start = start;
    request.begin = begin;
    request.end = end;
    request.bytes = bytes;
    request.epoch = 9;
    auto result = reader.read(request);
    REQUIRE(result.has_value());
    CHECK(result->epoch == 9);
    return std::move(*result);
  }

  nsq::test::TempDir dir;
  Health health;
  Database database{{.data_path = dir.path().string()}, health, nsq::Logger()};
  CorruptStretches corrupt{nsq::Logger()};
  LogReader reader{database, corrupt};
  DeadlineIndex deadlines;
  std::shared_ptr<Topic> topic = std::make_shared<Topic>(nsq::wire::TopicName::parse("t").value(),
                                                         QueueLimits(), deadlines, Topic::Setup());
};

using Bodies = std::vector<std::string>;

}  // namespace

TEST_CASE("a read begins and ends anywhere in chunks", "[storage][reader]") {
  ReaderFixture f;
  f.chunk(0, {"a", "b", "c"}, {0, 0, {}});
  f.chunk(3, {"d", "e"}, {0, 3, {}});
  auto result = f.read(0, 5);
  CHECK(bodies(result.runs) == Bodies{"a", "b", "c", "d", "e"});
  CHECK(result.next == 5);
  CHECK(result.runs.at(0).attempts == 2);
  result = f.read(1, 4);
  CHECK(bodies(result.runs) == Bodies{"b", "c", "d"});
  CHECK(result.runs.at(0).first == 1);
  CHECK(result.next == 4);
  result = f.read(3, 5);
  CHECK(bodies(result.runs) == Bodies{"d", "e"});
}

TEST_CASE("a read stops at its size, with at least one message", "[storage][reader]") {
  ReaderFixture f;
  f.chunk(0, {"a", "b", "c"}, {0, 0, {}});
  const auto result = f.read(1, 3, 1);
  CHECK(bodies(result.runs) == Bodies{"b"});
  CHECK(result.next == 2);
}

TEST_CASE("what is not there is passed over", "[storage][reader]") {
  ReaderFixture f;
  f.chunk(10, {"a"}, {0, 10, {}});
  const auto result = f.read(3, 20);
  CHECK(bodies(result.runs) == Bodies{"a"});
  CHECK(result.next == 20);
  CHECK(f.read(11, 20).runs.empty());
}

TEST_CASE("only what is for the channel is read", "[storage][reader]") {
  ReaderFixture f;
  f.chunk(10, {"of all"}, {0, 10, {}});
  f.chunk(11, {"mine"}, {3, 5, {}});
  f.chunk(12, {"another's"}, {4, 5, {}});
  f.chunk(13, {"born before"}, {0, 4, {}});
  const auto result = f.read(10, 20, 1'000'000, 5);
  CHECK(bodies(result.runs) == Bodies{"of all", "mine"});
  CHECK(result.next == 20);
}

TEST_CASE("a channel that starts in the midst of a chunk gets its part", "[storage][reader]") {
  ReaderFixture f;
  f.chunk(10, {"a", "b", "c"}, {0, 10, {}});
  CHECK(bodies(f.read(10, 20, 1'000'000, 11).runs) == Bodies{"b", "c"});
}

TEST_CASE("what is corrupt is skipped and counted once", "[storage][reader]") {
  ReaderFixture f;
  f.chunk(0, {"a"}, {0, 0, {}});
  f.put(1, "not a chunk");
  f.chunk(2, {"c"}, {0, 2, {}});
  for (int i = 0; i < 2; ++i) {
    const auto result = f.read(0, 3);
    CHECK(bodies(result.runs) == Bodies{"a", "c"});
    CHECK(result.next == 3);
  }
  CHECK(f.corrupt.count() == 1);
}
