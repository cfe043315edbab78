#include "nsqd/storage/inspect.hpp"

#include <fstream>
#include <iterator>

#include "tests/unit/nsqd/migrate/fixture.hpp"

using namespace nsqd;
using namespace nsqd::migrate::test;

namespace {

namespace fs = std::filesystem;

/// Names and contents of all that is in a folder.
std::map<std::string, std::string> snapshot(const fs::path& path) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_directory()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path()] = std::string(std::istreambuf_iterator<char>(in), {});
  }
  return files;
}

TopicImage sample_topic() {
  TopicImage t;
  t.id = 3;
  t.name = "t";
  t.durability = Durability::sync;
  t.next_offset = t.committed = 20;
  t.held.start = t.held.end = 20;
  t.channels.push_back({.id = 1, .name = "c", .paused = true, .cursor = {}});
  t.channels[0].cursor.end = 20;
  t.channels[0].cursor.unacked = {{10, 11, 1, 0}, {12, 14, 2, 1}};
  return t;
}

}  // namespace

TEST_CASE("sizes read well", "[storage][inspect]") {
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(1023) == "1023 B");
  CHECK(format_bytes(1024) == "1.0 KiB");
  CHECK(format_bytes(1536 * 1024) == "1.5 MiB");
  CHECK(format_bytes(std::uint64_t{20} << 30) == "20.0 GiB");
  CHECK(format_bytes(std::uint64_t{5000} << 40) == "5000.0 TiB");
}

TEST_CASE("a report is a table", "[storage][inspect]") {
  DatabaseReport report;
  report.folder = "data/nsqd.db";
  report.version = "1";
  report.clean = true;
  report.disk_bytes = 3 << 20;
  SECTION("without topics") {
    CHECK(format_report(report) ==
          "data/nsqd.db: format version 1, stopped cleanly, 3.0 MiB on disk\nno topics\n");
  }
  SECTION("with some") {
    report.clean = false;
    report.topics.push_back({sample_topic(), 8, 2048, 100});
    TopicImage held;
    held.name = "a_longer_name";
    held.paused = true;
    held.next_offset = held.committed = 1000;
    held.held = {.start = 0, .end = 1000, .deferred = 12, .unacked = {{100, 1000, 900, 0}}};
    report.topics.push_back({held, 100, 0, 0});
    CHECK(format_report(report) ==
          R"(data/nsqd.db: format version 1, in use or crashed, 3.0 MiB on disk

TOPIC / CHANNEL  STATE   DURABILITY  DEPTH  DEFERRED  FLOOR   END  TRIMMED  LOG SIZE  DEFERRED SIZE
t                        sync            0         0     10    20        8   2.0 KiB          100 B
  c              paused                  3         0     10    20
a_longer_name    paused  disk          900        12    100  1000      100       0 B            0 B
)");
  }
  SECTION("after an interrupted import") {
    report.import = ImportMark::Stage::begun;
    CHECK_THAT(format_report(report), Catch::Contains("stopped while importing"));
    report.import = ImportMark::Stage::committed;
    CHECK_THAT(format_report(report), Catch::Contains("stopped after importing"));
  }
}

TEST_CASE("a look changes nothing and shows what a start would find", "[storage][inspect]") {
  const DataPath dir;
  {
    Opened opened(dir.database());
    opened.put_topic(sample_topic());
    opened.put_chunk(3, 10, {{10, "a"}, {11, "b"}, {12, "c"}, {13, "d"}});
    opened.put_chunk(3, 20, {{20, "tail"}, {21, "tail"}});
    opened.put_deferred(3, {1000, 15}, 0, {15, "later"});
  }
  const auto before = snapshot(dir.path());
  const auto report = inspect(dir.database());
  REQUIRE(report.has_value());
  CHECK(snapshot(dir.path()) == before);
  CHECK(report->folder == dir.path().string() + "/nsqd.db");
  CHECK_FALSE(report->clean);
  CHECK(report->disk_bytes > 0);
  REQUIRE(report->topics.size() == 1);
  const TopicImage& image = report->topics[0].image;
  CHECK(image.next_offset == 22);
  CHECK(image.channels.at(0).cursor.unacked.back() == LogRange{20, 22, 2, 0});
  CHECK(image.channels.at(0).cursor.deferred == 1);
  CHECK(report->topics[0].log_bytes > 0);
  CHECK(report->topics[0].deferred_bytes > 0);

  Opened(dir.database()).put(Family::meta, schema::kCleanKey, "1");
  CHECK(inspect(dir.database())->clean);
}

TEST_CASE("without a database there is nothing to look at", "[storage][inspect]") {
  const DataPath dir;
  const auto report = inspect(dir.database());
  REQUIRE_FALSE(report.has_value());
  CHECK(report.error().text() == "there is no database in " + dir.path().string() + "/nsqd.db");
  CHECK(fs::is_empty(dir.path()));
}

TEST_CASE("a format that is not known is not looked at", "[storage][inspect]") {
  const DataPath dir;
  Opened(dir.database()).put(Family::meta, schema::kVersionKey, "2");
  const auto report = inspect(dir.database());
  REQUIRE_FALSE(report.has_value());
  CHECK_THAT(report.error().text(), Catch::Contains("has format version 2"));
}
