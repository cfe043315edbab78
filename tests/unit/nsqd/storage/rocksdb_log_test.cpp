#include "nsqd/storage/rocksdb_log.hpp"

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/recording_sink.hpp"

namespace nsq::test {
namespace {

using Lines = std::vector<std::string>;

TEST_CASE("what RocksDB warns of comes to our log, each place once a while", "[storage]") {
  const auto sink = std::make_shared<RecordingSink>();
  nsqd::RocksdbLog log(Logger(sink, LogLevel::info));
  for (const int tables : {40, 41}) {
    rocksdb::Warn(&log, "[%s] waits: %d tables\n", "log", tables);
  }
  rocksdb::Error(&log, "cannot clear\x1b");
  CHECK(sink->lines() ==
        Lines{"STORAGE: RocksDB: [log] waits: 40 tables", "STORAGE: RocksDB: cannot clear\\x1b"});
}

TEST_CASE("RocksDB's greetings and progress are left out", "[storage]") {
  const auto sink = std::make_shared<RecordingSink>();
  nsqd::RocksdbLog log(Logger(sink, LogLevel::info));
  rocksdb::Header(&log, "options: %d", 1);
  rocksdb::Info(&log, "flushed %d", 1);
  CHECK(sink->lines().empty());
}

TEST_CASE("a long line of RocksDB's is cut", "[storage]") {
  const auto sink = std::make_shared<RecordingSink>();
  nsqd::RocksdbLog log(Logger(sink, LogLevel::info));
  rocksdb::Warn(&log, "%s", std::string(5000, 'x').c_str());
  REQUIRE(sink->lines().size() == 1);
  CHECK(sink->lines()[0].size() < 1100);
}

}  // namespace
}  // namespace nsq::test
