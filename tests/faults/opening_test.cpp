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

/// The files of a running database, as a crash at this moment would leave them.
class Crash {
 public:
  explicit Crash(const Bench& bench) : folder_(Database::folder(copy_.path().string())) {
    std::filesystem::copy(bench.database_folder(), folder_);
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.path().extension() == ".log" && (log_.empty() || entry.path() > log_)) {
        log_ = entry.path();
      }
    }
    REQUIRE_FALSE(log_.empty());
  }

  /// The write-ahead log.
  const std::filesystem::path& log() const { return log_; }

  /// Closes the bench and gives it these files.
  void happen(Bench& bench) const {
    bench.close();
    std::filesystem::remove_all(bench.database_folder());
    std::filesystem::copy(folder_, bench.database_folder());
  }

 private:
  const TempDir copy_;
  const std::filesystem::path folder_;
  std::filesystem::path log_;
};

TEST_CASE("a torn tail of the log costs what was torn", "[faults]") {
  Bench bench;
  bench.channel("t", "c");
  for (int i = 0; i < 50; ++i) {
    REQUIRE(bench.publish("t", std::to_string(100 + i) + std::string(1000, 'x')).has_value());
  }
  const Crash crash(bench);
  const auto& log = crash.log();
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
  crash.happen(bench);
  bench.open();
  const Bodies got = bench.drain("t", "c", std::string::npos, 3);
  CHECK(got.size() >= 40);
  CHECK(got.size() < 50);
  int next = 100;
  for (const auto& body : got) CHECK(body == std::to_string(next++));
  REQUIRE(bench.publish("t", "after").has_value());
  CHECK(bench.drain("t", "c") == Bodies{"after"});
}

TEST_CASE("damage within the write-ahead log costs what was damaged, and is told", "[faults]") {
  Bench bench;
  bench.channel("t", "c");
  bench.restart();  // the mark of a clean stop is removed by the first record of the new log
  for (int i = 0; i < 200; ++i) {
    REQUIRE(bench.publish("t", std::to_string(100 + i) + std::string(1000, 'x')).has_value());
  }
  const Crash crash(bench);
  REQUIRE(std::filesystem::file_size(crash.log()) > 200'000);
  const int where = GENERATE(10, 100'000);
  CAPTURE(where);
  {
    std::fstream file(crash.log(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(where);
    file.write("#*#*#*#*", 8);
  }
  crash.happen(bench);
  bench.open();
  CHECK(bench.lines().count("write-ahead log was damaged") == 1);
  const Bodies got = bench.drain("t", "c", std::string::npos, 3);
  CHECK(got.size() < 200);
  CHECK(got.size() >= 160);  // all but a block of 32 KB
  CHECK(got.contains("299"));
  CHECK(bench.health().ok());
  REQUIRE(bench.publish("t", "after").has_value());
  bench.restart();
  CHECK(bench.drain("t", "c") == Bodies{"after"});
  CHECK(bench.lines().count("write-ahead log was damaged") == 1);
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
