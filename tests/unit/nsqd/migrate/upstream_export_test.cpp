#include "nsqd/migrate/upstream_export.hpp"

#include <fstream>
#include <iterator>

#include "nsqd/upstream/data_path.hpp"
#include "nsqd/upstream/disk_queue_reader.hpp"
#include "tests/unit/nsqd/migrate/fixture.hpp"

using namespace nsqd;
using namespace nsqd::migrate;
using namespace nsqd::migrate::test;

namespace {

namespace fs = std::filesystem;

nsq::Result<ExportSummary> export_to(const DataPath& from, const fs::path& to,
                                     std::uint64_t max_bytes_per_file = 1000) {
  return export_upstream({from.database(), to, max_bytes_per_file}, nsq::Logger(),
                         [](const std::string&) {});
}

ExportSummary exported(const DataPath& from, const DataPath& to) {
  auto summary = export_to(from, to.path());
  INFO((summary ? "" : summary.error().text()));
  REQUIRE(summary.has_value());
  return *summary;
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What is in upstream's files, which must be sound.
Content upstream_content(const DataPath& dir) {
  Content content;
  const auto found = upstream::scan_data_path(dir.path()).value();
  CHECK(found.unlisted.empty());
  for (const auto& files : found.queues) {
    auto reader = upstream::DiskQueueReader::open(files, {}).value();
    auto& messages = content[files.name.str()];
    for (;;) {
      const auto message = reader.next().value();
      if (!message) break;
      messages.push_back({message->id.number().value(), std::string(message->body),
                          message->attempts, message->timestamp_ns});
    }
    CHECK(reader.notes().empty());
  }
  return content;
}

}  // namespace

TEST_CASE("what was imported is exported as it was", "[migrate][export]") {
  const DataPath dir;
  const std::string metadata =
      R"({"topics":[{"name":"t","paused":true,"channels":[{"name":"c","paused":false},)"
      R"({"name":"d","paused":true}]},{"name":"u","paused":false,"channels":null}],)"
      R"("version":"1.3.0"})";
  dir.metadata(metadata);
  Messages many;
  for (std::uint64_t i = 1; i < 100; ++i) {
    many.push_back({i, std::string(i, 'x'), static_cast<int>(i / 10), static_cast<int>(i) * 1000});
  }
  const Content content{
      {"t", {{200, "held", 0, 5}}}, {"t:c", many}, {"t:d", {}}, {"u", {{1, "a"}}}};
  for (const auto& [name, messages] : content) dir.queue(name, messages);
  dir.import();
  const DataPath to;
  const auto summary = exported(dir, to);
  CHECK(summary.topics == 2);
  CHECK(summary.channels == 2);
  CHECK(summary.messages == 101);
  CHECK(summary.bytes == 4950 + 5);
  CHECK(summary.corrupt == 0);
  CHECK(text_of(to.path() / "nsqd.dat") == metadata);
  CHECK(upstream_content(to) == content);
  CHECK(to.has("t:c.diskqueue.000003.dat"));  // --max-bytes-per-file

  // And back: the same messages again.
  to.import();
  CHECK(content_of(to.database()) == content);
}

TEST_CASE("attempts, deferred messages and the end of a log behind a crash are exported",
          "[migrate][export]") {
  const DataPath dir;
  {
    Opened opened(dir.database());
    TopicImage t;
    t.id = 3;
    t.name = "t";
    t.next_offset = t.committed = 20;
    t.held.start = t.held.end = 20;
    t.channels.push_back({.id = 1, .name = "c", .paused = false, .cursor = {}});
    t.channels.push_back({.id = 2,
                          .name = "late",
                          .paused = false,
                          .cursor = {.start = 15, .end = 0, .deferred = 0, .unacked = {}}});
    // Of 10..13, two were delivered once, and one is acknowledged.
    t.channels[0].cursor.end = t.channels[1].cursor.end = 20;
    t.channels[0].cursor.unacked = {{10, 11, 1, 0}, {12, 14, 2, 1}};
    t.dropped = {{4, 5, 1, 0}};
    opened.put_topic(t);
    opened.put_chunk(3, 10, {{10, "a"}, {11, "acknowledged"}, {12, "b"}, {13, "c"}});
    opened.put_chunk(3, 20, {{20, "tail"}}, 2);
    opened.put_deferred(3, {1000, 4}, 0, {4, "dropped"});
    opened.put_deferred(3, {2000, 14}, 0, {14, "before late"});
    opened.put_deferred(3, {1000, 16}, 0, {16, "both"});
    opened.put_deferred(3, {3000, 17}, 2, {17, "late only", 7});
  }
  const DataPath to;
  CHECK(exported(dir, to).deferred == 4);
  const Content expected{
      {"t", {}},
      {"t:c",
       {{10, "a"}, {12, "b", 1}, {13, "c", 1}, {20, "tail", 2}, {16, "both"}, {14, "before late"}}},
      {"t:late", {{20, "tail", 2}, {16, "both"}, {17, "late only", 7}}}};
  CHECK(upstream_content(to) == expected);
}

TEST_CASE("deferred messages that a paused topic holds are the topic's", "[migrate][export]") {
  const DataPath dir;
  {
    Opened opened(dir.database());
    TopicImage t;
    t.id = 1;
    t.name = "t";
    t.paused = true;
    t.next_offset = t.committed = 10;
    t.held = {.start = 5, .end = 10, .deferred = 0, .unacked = {}};
    t.channels.push_back({.id = 1,
                          .name = "c",
                          .paused = false,
                          .cursor = {.start = 0, .end = 10, .deferred = 0, .unacked = {}}});
    opened.put_topic(t);
    opened.put_deferred(1, {1000, 4}, 0, {4, "distributed"});
    opened.put_deferred(1, {1000, 6}, 0, {6, "held"});
  }
  const DataPath to;
  exported(dir, to);
  CHECK(upstream_content(to) == Content{{"t", {{6, "held"}}}, {"t:c", {{4, "distributed"}}}});
}

TEST_CASE("an export goes to an empty folder only", "[migrate][export]") {
  const DataPath dir;
  dir.metadata(R"({"topics":[{"name":"t"}]})");
  dir.import();
  const auto refused = [&](const fs::path& to, const std::string& why) {
    const auto summary = export_to(dir, to);
    REQUIRE_FALSE(summary.has_value());
    CHECK_THAT(summary.error().text(), Catch::Contains(why));
  };
  const DataPath to;
  refused(to.path() / "missing", "is no directory");
  refused(dir.path(), "is the data path itself");
  to.write("x.diskqueue.000000.dat", "");
  refused(to.path(), "holds data of upstream");
  fs::remove(to.path() / "x.diskqueue.000000.dat");
  to.metadata("{}");
  refused(to.path(), "holds data of upstream");
  fs::remove(to.path() / "nsqd.dat");
  CHECK(export_to(dir, to.path()).has_value());

  const DataPath other;
  dir.metadata(R"({"topics":[{"name":"u"}]})");
  refused(other.path(), "not imported yet");
}

TEST_CASE("without a database there is nothing to export", "[migrate][export]") {
  const DataPath dir;
  const DataPath to;
  const auto summary = export_to(dir, to.path());
  REQUIRE_FALSE(summary.has_value());
  CHECK_THAT(summary.error().text(), Catch::Contains("there is no database in"));
  CHECK(fs::is_empty(to.path()));
  CHECK(fs::is_empty(dir.path()));
}
