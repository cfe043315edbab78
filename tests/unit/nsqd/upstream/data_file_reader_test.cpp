#include "nsqd/upstream/data_file_reader.hpp"

#include "tests/unit/nsqd/upstream/fixture.hpp"

using namespace nsqd::upstream;
using namespace nsqd::upstream::test;

namespace {

constexpr std::size_t kMaxBody = 1000;

// A file of the given content, opened.
struct Opened {
  explicit Opened(std::string_view content, std::uint64_t offset = 0) {
    folder.write("file", content);
    auto opened = DataFileReader::open(folder.path() / "file", offset, kMaxBody);
    REQUIRE(opened.has_value());
    reader.emplace(*std::move(opened));
  }
  Bodies drain() { return test::drain(*reader); }
  std::string damage() const { return reader->damage().value_or("none"); }

  UpstreamFolder folder;
  std::optional<DataFileReader> reader;
};

std::string big_record(std::size_t body_bytes = kMaxBody + 1) {
  return record(std::string(body_bytes, 'b'));
}

}  // namespace

TEST_CASE("a record has timestamp, attempts, id and body", "[upstream][data_file]") {
  Opened file(record("hello", -5, 65535));
  const auto message = file.reader->next();
  REQUIRE(message.has_value());
  REQUIRE(message->has_value());
  CHECK((*message)->timestamp_ns == -5);
  CHECK((*message)->attempts == 65535);
  CHECK((*message)->id.view() == kId);
  CHECK((*message)->body == "hello");
  CHECK(file.drain().empty());
  CHECK(file.damage() == "none");
  CHECK(file.reader->offset() == file.reader->size());
}

TEST_CASE("bodies may be empty, and as large as the limit", "[upstream][data_file]") {
  const std::string limit(kMaxBody, 'x');
  Opened file(records({"", limit, ""}));
  CHECK(file.drain() == Bodies{"", limit, ""});
  CHECK(file.reader->oversized() == 0);
}

TEST_CASE("reading begins where it is told to", "[upstream][data_file]") {
  CHECK(Opened(records({"one", "two"}), kRecordBytes + 3).drain() == Bodies{"two"});
  CHECK(Opened(records({"one"}), kRecordBytes + 3).drain().empty());
  CHECK(Opened(records({"one"}), 1000000).drain().empty());
  CHECK(Opened("").drain().empty());
}

TEST_CASE("a file cut at any byte gives what is whole", "[upstream][data_file]") {
  const std::string all = records({"one", "", "three"});
  const std::vector<std::size_t> ends{kRecordBytes + 3, 2 * kRecordBytes + 3, 3 * kRecordBytes + 8};
  const auto cut = GENERATE_COPY(range(std::size_t{0}, all.size() + 1));
  CAPTURE(cut);
  Opened file(all.substr(0, cut));
  const auto whole = std::ranges::count_if(ends, [&](std::size_t end) { return end <= cut; });
  CHECK(std::ssize(file.drain()) == whole);
  const bool at_end = cut == 0 || std::ranges::find(ends, cut) != ends.end();
  CHECK(file.reader->damage().has_value() == !at_end);
}

TEST_CASE("damage is told with its place", "[upstream][data_file]") {
  const std::string good = record("good");
  Opened torn_size(good + "ab");
  CHECK(torn_size.drain().size() == 1);
  CHECK(torn_size.damage() ==
        "ends within the size of a record at 34; the 2 bytes from there on are skipped");
  Opened torn(good + record("torn").substr(0, 10));
  CHECK(torn.drain().size() == 1);
  CHECK(torn.damage() ==
        "ends within a record of 30 bytes at 34; the 10 bytes from there on are skipped");
  Opened zeroes(good + std::string(100, '\0'));
  CHECK(zeroes.drain().size() == 1);
  CHECK(zeroes.damage() == "bad record size 0 at 34; the 100 bytes from there on are skipped");
}

TEST_CASE("a bad size ends the file", "[upstream][data_file]") {
  const auto size =
      GENERATE(values<std::uint32_t>({0, 1, 25, 2000, 0x7fffffff, 0x80000000, 0xffffffff}));
  CAPTURE(size);
  Opened file(record("one") + big_endian(size, 4) + records({"two", "three"}));
  CHECK(file.drain() == Bodies{"one"});
  CHECK(file.damage().starts_with("bad record size " + std::to_string(size) + " at 33;"));
}

TEST_CASE("records beyond the limit are passed over", "[upstream][data_file]") {
  SECTION("between others") {
    Opened file(record("one") + big_record() + record("two"));
    CHECK(file.drain() == Bodies{"one", "two"});
    CHECK(file.reader->oversized() == 1);
    CHECK(file.damage() == "none");
  }
  SECTION("several, and beyond what the reader holds") {
    Opened file(big_record(300000) + big_record() + record("one") + big_record(3000000));
    CHECK(file.drain() == Bodies{"one"});
    CHECK(file.reader->oversized() == 3);
    CHECK(file.damage() == "none");
  }
  SECTION("but not when they lead to nonsense") {
    Opened file(big_record() + std::string(100, '\0') + record("one"));
    CHECK(file.drain().empty());
    CHECK(file.reader->oversized() == 0);
    CHECK(file.damage().starts_with("bad record size 1027 at 0;"));
  }
  SECTION("nor to a cut") {
    CHECK(Opened(big_record() + "abc").drain().empty());
    CHECK(Opened(big_record() + record("one").substr(0, 20)).drain().empty());
  }
}

TEST_CASE("a file larger than what the reader holds is read whole", "[upstream][data_file]") {
  std::string content;
  Bodies bodies;
  for (std::size_t i = 0; i < 3000; ++i) {
    bodies.emplace_back(i % kMaxBody, static_cast<char>('a' + i % 26));
    content += record(bodies.back());
  }
  Opened file(content);
  CHECK(file.drain() == bodies);
  CHECK(file.damage() == "none");
}

TEST_CASE("a file that shrinks under the reader ends there", "[upstream][data_file]") {
  Opened file(records({"one", "two"}));
  std::filesystem::resize_file(file.folder.path() / "file", 40);
  CHECK(file.drain() == Bodies{"one"});
  CHECK(file.damage().starts_with("ends within a record of 29 bytes at 33;"));
}

TEST_CASE("a file that cannot be opened is an error", "[upstream][data_file]") {
  const UpstreamFolder folder;
  const auto path = folder.path() / "none";
  const auto opened = DataFileReader::open(path, 0, kMaxBody);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().text() == "open " + path.string() + ": No such file or directory");
}
