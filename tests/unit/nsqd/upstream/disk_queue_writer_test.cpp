#include "nsqd/upstream/disk_queue_writer.hpp"

#include <sys/stat.h>

#include "tests/unit/nsqd/upstream/fixture.hpp"

using namespace nsqd::upstream;
using namespace nsqd::upstream::test;

namespace {

DiskQueueWriter create(const UpstreamFolder& folder, std::uint64_t max_bytes = kMaxBytesPerFile,
                       std::string_view name = "t") {
  auto writer = DiskQueueWriter::create(folder.path(), queue_name(name), max_bytes);
  REQUIRE(writer.has_value());
  return *std::move(writer);
}

nsq::wire::MessageView message(std::string_view body) {
  return {.timestamp_ns = 1, .attempts = 0, .id = *nsq::wire::MessageId::from(kId), .body = body};
}

void write(DiskQueueWriter& writer, std::initializer_list<std::string_view> bodies) {
  for (const auto body : bodies) REQUIRE(writer.write(message(body)).has_value());
}

}  // namespace

TEST_CASE("records and positions are written as upstream writes them", "[upstream][writer]") {
  const UpstreamFolder folder;
  auto writer = create(folder, kMaxBytesPerFile, "t:c");
  auto first = message("one");
  first.timestamp_ns = 1700000000000000000;
  first.attempts = 513;
  REQUIRE(writer.write(first).has_value());
  write(writer, {""});
  CHECK(writer.records() == 2);
  REQUIRE(writer.close().has_value());
  CHECK(folder.read("t:c.diskqueue.000000.dat") ==
        record("one", 1700000000000000000, 513) + record(""));
  CHECK(folder.read("t:c.diskqueue.meta.dat") == "2\n0,0\n0,63\n");
}

TEST_CASE("an empty queue has a meta file only", "[upstream][writer]") {
  const UpstreamFolder folder;
  REQUIRE(create(folder).close().has_value());
  CHECK(folder.read("t.diskqueue.meta.dat") == "0\n0,0\n0,0\n");
  CHECK_FALSE(folder.has("t.diskqueue.000000.dat"));
}

TEST_CASE("a file is ended before it grows beyond the limit", "[upstream][writer]") {
  const UpstreamFolder folder;
  auto writer = create(folder, 62);
  const std::string large(100, 'x');
  write(writer, {"a", "b", "c", large, "d"});
  REQUIRE(writer.close().has_value());
  CHECK(folder.read("t.diskqueue.000000.dat") == records({"a", "b"}));
  CHECK(folder.read("t.diskqueue.000001.dat") == records({"c"}));
  CHECK(folder.read("t.diskqueue.000002.dat") == records({large}));
  CHECK(folder.read("t.diskqueue.000003.dat") == records({"d"}));
  CHECK(folder.read("t.diskqueue.meta.dat") == "5\n0,0\n3,31\n");
}

TEST_CASE("files are for their owner only", "[upstream][writer]") {
  const UpstreamFolder folder;
  auto writer = create(folder);
  write(writer, {"a"});
  REQUIRE(writer.close().has_value());
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    struct ::stat status{};
    REQUIRE(::stat(entry.path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
}

TEST_CASE("what was written can be read", "[upstream][writer][reader]") {
  const UpstreamFolder folder;
  auto writer = create(folder, 300000);
  Bodies bodies;
  for (std::size_t i = 0; i < 2000; ++i) {
    bodies.emplace_back(i % 7 == 0 ? 3 * i : i % 100, static_cast<char>('a' + i % 26));
    REQUIRE(writer.write(message(bodies.back())).has_value());
  }
  bodies.emplace_back(700000, 'z');  // more than the writer holds
  REQUIRE(writer.write(message(bodies.back())).has_value());
  REQUIRE(writer.close().has_value());
  CHECK(folder.files().data.size() > 2);
  auto reader = folder.open();
  CHECK(drain(reader) == bodies);
  CHECK(reader.notes().empty());
}

TEST_CASE("a queue that was not closed has no meta file", "[upstream][writer]") {
  const UpstreamFolder folder;
  {
    auto writer = create(folder);
    write(writer, {"a"});
  }
  CHECK_FALSE(folder.has("t.diskqueue.meta.dat"));
}

TEST_CASE("an existing queue is not written over", "[upstream][writer]") {
  const UpstreamFolder folder;
  SECTION("a meta file") {
    folder.meta("0\n0,0\n0,0\n");
  }
  SECTION("a data file") {
    folder.data(0, "x");
  }
  const auto writer = DiskQueueWriter::create(folder.path(), queue_name("t"));
  REQUIRE_FALSE(writer.has_value());
  CHECK(writer.error().code == boost::system::errc::file_exists);
  CHECK(writer.error().text().ends_with(" exists"));
}

TEST_CASE("a data file in the way is an error", "[upstream][writer]") {
  const UpstreamFolder folder;
  folder.data(1, "x");
  auto writer = create(folder, 31);
  write(writer, {"a"});
  const auto written = writer.write(message("b"));
  REQUIRE_FALSE(written.has_value());
  CHECK(written.error().code == boost::system::errc::file_exists);
  CHECK(folder.read("t.diskqueue.000001.dat") == "x");
}
