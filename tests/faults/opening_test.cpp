#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "nsqd/options/data_path.hpp"
#include "nsqd/storage/schema.hpp"
#include "tests/faults/bench.hpp"

// Data paths that cannot be opened, or not as they are.
namespace nsq::test {
namespace {

using nsqd::Database;
using nsqd::Family;

TEST_CASE("an unknown version of the format is refused, and left as it is", "[faults]") {
  Bench bench;
  bench.channel("t", "c");
  REQUIRE(bench.publish("t", "m").has_value());
  bench.close();
  {
    rocksdb::DB* db = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    const std::vector<rocksdb::ColumnFamilyDescriptor> families{
        {"default", {}}, {"log", {}}, {"cursor", {}}, {"deferred", {}}};
    REQUIRE(rocksdb::DB::Open({}, bench.database_folder(), families, &handles, &db).ok());
    REQUIRE(db->Put({}, handles[0], rocksdb::Slice(nsqd::schema::kVersionKey), "17").ok());
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
  }
  const auto opened = bench.try_open();
  REQUIRE_FALSE(opened.has_value());
  const std::string text = opened.error().text();
  CHECK_THAT(text, Catch::Contains("version 17") && Catch::Contains("knows version 1"));
  CHECK_THAT(text, Catch::Contains("start the nsqd that wrote it"));
  bench.close();
}

TEST_CASE("a torn tail of the log costs what was torn", "[faults]") {
  Bench bench;
  bench.channel("t", "c");
  for (int i = 0; i < 50; ++i) {
    REQUIRE(bench.publish("t", std::to_string(100 + i) + std::string(1000, 'x')).has_value());
  }
  // A copy of the files, as a crash would leave them, without their end.
  const TempDir copy;
  const auto folder = Database::folder(copy.path().string());
  std::filesystem::copy(bench.database_folder(), folder);
  std::filesystem::path log;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".log" && (log.empty() || entry.path() > log)) {
      log = entry.path();
    }
  }
  const auto size = std::filesystem::file_size(log);
  REQUIRE(size > 50'000);
  const bool cut = GENERATE(true, false);
  CAPTURE(cut);
  if (cut) {
    std::filesystem::resize_file(log, size - 1500);
  } else {
    std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(size - 1500));
    file.write("#*#*#*#*", 8);
  }
  bench.close();
  std::filesystem::remove_all(bench.database_folder());
  std::filesystem::copy(folder, bench.database_folder());
  bench.open();
  const Bodies got = bench.drain("t", "c", std::string::npos, 3);
  CHECK(got.size() >= 40);
  CHECK(got.size() < 50);
  int next = 100;
  for (const auto& body : got) CHECK(body == std::to_string(next++));
  REQUIRE(bench.publish("t", "after").has_value());
  CHECK(bench.drain("t", "c") == Bodies{"after"});
}

TEST_CASE("a data path is used by one at a time", "[faults]") {
  Bench bench;
  const auto lock = nsqd::DataPathLock::acquire(bench.dir().path().string());
  REQUIRE(lock.has_value());
  const auto second = nsqd::DataPathLock::acquire(bench.dir().path().string());
  REQUIRE_FALSE(second.has_value());
  CHECK_THAT(second.error().text(), Catch::Contains("failed to lock data-path"));

  // Nor the database, should somebody go around that.
  nsqd::Health health;
  nsqd::Database database({.data_path = bench.dir().path().string()}, health, bench.logger());
  CHECK_FALSE(database.open().has_value());
}

}  // namespace
}  // namespace nsq::test
