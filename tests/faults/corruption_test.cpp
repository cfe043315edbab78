#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <rocksdb/iterator.h>

#include "nsqd/storage/scan.hpp"
#include "nsqd/storage/schema.hpp"
#include "tests/faults/bench.hpp"
#include "tests/support/eventually.hpp"

// What was written has changed since.
namespace nsq::test {
namespace {

using nsqd::Database;
using nsqd::Family;

constexpr const char* kSkipping = "skipping a corrupt stretch";

std::string number(int i) {
  return std::to_string(100'000 + i);
}

/// Writes over the value of the n-th chunk of a stopped database.
void spoil_chunk(Bench& bench, int n) {
  Database database(bench.database_config(), bench.health(), bench.logger());
  REQUIRE(database.open().has_value());
  std::string key;
  {
    const Database::Access access(database);
    const std::unique_ptr<rocksdb::Iterator> it(
        access.db()->NewIterator({}, database.family(Family::log)));
    it->SeekToFirst();
    for (int i = 0; i < n && it->Valid(); ++i) it->Next();
    REQUIRE(it->Valid());
    key = it->key().ToString();
  }
  rocksdb::WriteBatch batch;
  REQUIRE(batch.Put(database.family(Family::log), key, "no chunk").ok());
  REQUIRE(database.write(batch, true).ok());
  database.close();
}

std::filesystem::path largest_table(const Bench& bench) {
  std::filesystem::path largest;
  std::uintmax_t size = 0;
  for (const auto& entry : std::filesystem::directory_iterator(bench.database_folder())) {
    if (entry.path().extension() != ".sst" || entry.file_size() <= size) continue;
    largest = entry.path();
    size = entry.file_size();
  }
  REQUIRE(size > 0);
  return largest;
}

/// Flips bytes in the middle of the largest table.
void flip_bytes(Bench& bench) {
  const auto largest = largest_table(bench);
  const auto size = std::filesystem::file_size(largest);
  std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
  const auto middle = static_cast<std::streamoff>(size / 2);
  std::string bytes(16, '\0');
  file.seekg(middle);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  for (char& byte : bytes) byte = static_cast<char>(~byte);
  file.seekp(middle);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(file.good());
}

/// Makes a database that was stopped in order look as after a crash, with a tail that is all of the
/// log: the topic's cursors were never written.
void forget_cursors(Bench& bench, std::uint32_t topic) {
  Database database(bench.database_config(), bench.health(), bench.logger());
  REQUIRE(database.open().has_value());
  rocksdb::WriteBatch batch;
  const auto key = nsqd::schema::topic_bytes(topic);
  REQUIRE(batch.Delete(database.family(Family::cursor), nsqd::slice(key)).ok());
  const rocksdb::Slice clean(nsqd::schema::kCleanKey);
  REQUIRE(batch.Delete(database.family(Family::meta), clean).ok());
  REQUIRE(database.write(batch, true).ok());
  database.close();
}

/// Publishes `count` messages, each a chunk of its own of about 2 KB.
void publish_chunks(Bench& bench, int count) {
  for (int i = 0; i < count; ++i) {
    REQUIRE(bench.publish("t", number(i) + std::string(2000, 'x')).has_value());
  }
}

/// The messages between the first and the last that are missing, which must lie side by side.
std::size_t check_one_gap(const Bodies& got, int count) {
  std::vector<int> missing;
  for (int i = 0; i < count; ++i) {
    CHECK(got.count(number(i)) <= 1);
    if (!got.contains(number(i))) missing.push_back(i);
  }
  if (!missing.empty()) {
    CHECK(missing.back() - missing.front() + 1 == static_cast<int>(missing.size()));
  }
  return missing.size();
}

TEST_CASE("a value that is no chunk is skipped, and told once", "[faults]") {
  Bench bench;
  bench.channel("t", "a");
  bench.channel("t", "b");
  constexpr int kCount = 40;
  publish_chunks(bench, kCount);
  bench.close();
  const int which = GENERATE(0, 17, kCount - 1);
  CAPTURE(which);
  spoil_chunk(bench, which);
  bench.open();
  for (const char* channel : {"a", "b"}) {
    CAPTURE(channel);
    const Bodies got = bench.drain("t", channel, std::string::npos, 6);
    CHECK(got.size() == kCount - 1);
    CHECK_FALSE(got.contains(number(which)));
  }
  CHECK(bench.lines().count(kSkipping) == 1);
  CHECK(bench.figures().damages == 1);
  CHECK(bench.health().ok());
  REQUIRE(bench.publish("t", "after").has_value());
  CHECK(bench.drain("t", "a") == Bodies{"after"});
}

TEST_CASE("a table with flipped bytes is read around them, and told once", "[faults]") {
  Bench bench;
  bench.channel("t", "a");
  bench.channel("t", "b");
  constexpr int kCount = 1000;
  publish_chunks(bench, kCount);
  bench.restart();  // which writes the tables
  bench.close();
  flip_bytes(bench);
  bench.open();
  for (const char* channel : {"a", "b"}) {
    CAPTURE(channel);
    const auto missing = check_one_gap(bench.drain("t", channel, std::string::npos, 6), kCount);
    CHECK(missing > 0);
    CHECK(missing < 100);  // a block of the table
  }
  CHECK(bench.lines().count(kSkipping) == 1);
  CHECK(bench.health().ok());
}

TEST_CASE("after a crash a corrupt table does not keep nsqd from starting", "[faults]") {
  Bench bench;
  bench.channel("t", "a");
  constexpr int kCount = 1000;
  publish_chunks(bench, kCount);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(
        bench.defer("d", number(i) + std::string(20'000, 'x'), std::chrono::hours(1)).has_value());
  }
  bench.restart();
  bench.close();
  flip_bytes(bench);
  bench.open();
  bench.lose_power();
  bench.open();
  CHECK(check_one_gap(bench.drain("t", "a", std::string::npos, 6), kCount) < 100);
  CHECK(bench.health().ok());
}

TEST_CASE("a corrupt table in the tail of the log costs what it held", "[faults]") {
  Bench bench;
  bench.channel("t", "a");
  constexpr int kCount = 1000;
  publish_chunks(bench, kCount);
  bench.restart();
  bench.close();
  forget_cursors(bench, 1);
  flip_bytes(bench);
  bench.open();
  CHECK(bench.lines().count(kSkipping) == 1);
  const auto missing = check_one_gap(bench.drain("t", "a", std::string::npos, 6), kCount);
  CHECK(missing > 0);
  CHECK(missing < 100);
  CHECK(bench.lines().count(kSkipping) == 1);
  REQUIRE(bench.publish("t", "after").has_value());
  CHECK(bench.drain("t", "a") == Bodies{"after"});
}

TEST_CASE("a value that is no chunk in the tail of the log is skipped", "[faults]") {
  Bench bench;
  bench.channel("t", "a");
  constexpr int kCount = 40;
  publish_chunks(bench, kCount);
  bench.close();
  const int which = GENERATE(0, 17, kCount - 1);
  CAPTURE(which);
  spoil_chunk(bench, which);
  forget_cursors(bench, 1);
  bench.open();
  const Bodies got = bench.drain("t", "a", std::string::npos, 6);
  CHECK(got.size() == kCount - 1);
  CHECK_FALSE(got.contains(number(which)));
  CHECK(bench.lines().count(kSkipping) == 1);
  REQUIRE(bench.publish("t", "after").has_value());
  CHECK(bench.drain("t", "a") == Bodies{"after"});
}

TEST_CASE("deferred messages around a corrupt block are delivered", "[faults]") {
  Bench bench;
  bench.channel("t", "a");
  constexpr int kCount = 200;
  for (int i = 0; i < kCount; ++i) {
    const auto delay = std::chrono::seconds(2) + std::chrono::milliseconds(i);
    REQUIRE(bench.defer("t", number(i) + std::string(10'000, 'x'), delay).has_value());
  }
  bench.restart();
  bench.close();
  forget_cursors(bench, 1);
  flip_bytes(bench);
  bench.open();
  const auto missing = check_one_gap(bench.drain("t", "a", std::string::npos, 6), kCount);
  CHECK(missing > 0);
  CHECK(missing < 20);
  CHECK(bench.lines().count(kSkipping) == 1);
}

TEST_CASE("a corrupt table that is to be compacted does not end publishing", "[faults]") {
  Bench bench;
  bench.channel("t", "a");
  constexpr int kCount = 1000;
  publish_chunks(bench, kCount);
  Bodies later;
  // Four tables, which overlap, or they would only be renamed.
  const auto make_table = [&](int i) {
    later.insert("later" + std::to_string(i));
    REQUIRE(bench.publish("t", "later" + std::to_string(i)).has_value());
    REQUIRE(bench.publish("u", "other").has_value());
    bench.restart();
  };
  for (int i = 0; i < 3; ++i) make_table(i);
  bench.close();
  flip_bytes(bench);
  bench.open();
  make_table(3);
  constexpr const char* kEnded = "is not compacted any more";
  REQUIRE(eventually([&] {
    bench.turn();
    return bench.lines().count(kEnded) > 0;
  }));
  CHECK(bench.health().ok());
  REQUIRE(bench.publish("t", "after").has_value());
  later.insert("after");
  Bodies got = bench.drain("t", "a", std::string::npos, 6);
  for (const auto& body : later) CHECK(got.count(body) == 1);
  std::erase_if(got, [&](const auto& body) { return later.contains(body); });
  CHECK(check_one_gap(got, kCount) < 100);
  CHECK(bench.lines().count(kEnded) <= 2);  // once a start
  CHECK(bench.health().ok());
}

TEST_CASE("a table that cannot be opened costs what it held, not the start", "[faults]") {
  Bench bench;
  bench.channel("t", "a");
  REQUIRE(bench.publish("t", "before").has_value());
  bench.restart();
  publish_chunks(bench, 100);
  bench.restart();
  REQUIRE(bench.publish("t", "behind").has_value());
  bench.restart();
  bench.close();
  const auto table = largest_table(bench);
  SECTION("cut off") {
    std::filesystem::resize_file(table, 1000);
  }
  SECTION("without its footer") {
    std::fstream file(table, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-8, std::ios::end);
    file.write("#*#*#*#*", 8);
    REQUIRE(file.good());
  }
  bench.open();
  CHECK(bench.lines().count("what was in it is lost") == 1);
  CHECK(std::filesystem::exists(table.parent_path() / "lost" / table.filename()));
  CHECK(bench.drain("t", "a") == Bodies{"before", "behind"});
  REQUIRE(bench.publish("t", "after").has_value());
  bench.restart();
  CHECK(bench.drain("t", "a") == Bodies{"after"});
  CHECK(bench.lines().count("what was in it is lost") == 1);
}

TEST_CASE("a table with the topics is not given up", "[faults]") {
  Bench bench;
  bench.channel("t", "a");
  REQUIRE(bench.publish("t", "m").has_value());
  bench.close();
  for (const auto& entry : std::filesystem::directory_iterator(bench.database_folder())) {
    if (entry.path().extension() == ".sst") std::filesystem::resize_file(entry.path(), 100);
  }
  const auto opened = bench.try_open();
  REQUIRE_FALSE(opened.has_value());
  CHECK_THAT(opened.error().text(), Catch::Contains(".sst"));
  bench.close();
}

TEST_CASE("a disk that cannot be read for a while delays consumers", "[faults]") {
  Bench bench;
  bench.channel("t", "a");
  constexpr int kCount = 100;
  publish_chunks(bench, kCount);
  bench.restart();
  bench.restart();
  bench.disk().fail(FileOperation::read, device_error(), ".sst");
  const std::jthread repairer([&disk = bench.disk(), refusals = bench.disk().refusals()] {
    eventually([&] { return disk.refusals() > refusals; });
    disk.repair();
  });
  CHECK(bench.drain("t", "a", std::string::npos, 6).size() == kCount);
  CHECK(bench.lines().count(kSkipping) == 0);
}

}  // namespace
}  // namespace nsq::test
