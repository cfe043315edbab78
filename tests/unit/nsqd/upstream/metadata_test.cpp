#include "nsqd/upstream/metadata.hpp"

#include <sys/stat.h>

#include <tuple>

#include "tests/unit/nsqd/upstream/fixture.hpp"

using namespace nsqd::upstream;
using namespace nsqd::upstream::test;

namespace {

constexpr std::string_view kDocument =
    R"({"topics":[{"name":"t","paused":false,"channels":[{"name":"c","paused":true},)"
    R"({"name":"d","paused":false}]},{"name":"u","paused":true,"channels":null}],"version":"1.3.0"})";

Metadata parse(std::string_view text) {
  auto metadata = parse_metadata(text);
  REQUIRE(metadata.has_value());
  return *metadata;
}

}  // namespace

TEST_CASE("topics, channels and their pause states are read", "[upstream][metadata]") {
  const auto metadata = parse(kDocument);
  REQUIRE(metadata.topics.size() == 2);
  const auto& [t, u] = std::tie(metadata.topics[0], metadata.topics[1]);
  CHECK(t.name == "t");
  CHECK_FALSE(t.paused);
  REQUIRE(t.channels.size() == 2);
  CHECK(t.channels[0].name == "c");
  CHECK(t.channels[0].paused);
  CHECK(t.channels[1].name == "d");
  CHECK_FALSE(t.channels[1].paused);
  CHECK(u.name == "u");
  CHECK(u.paused);
  CHECK(u.channels.empty());
  CHECK(metadata.notes.empty());
}

TEST_CASE("what is written is what upstream writes, byte for byte", "[upstream][metadata]") {
  CHECK(format_metadata(parse(kDocument)) == kDocument);
  CHECK(format_metadata({}) == R"({"topics":null,"version":"1.3.0"})");
}

TEST_CASE("nothing, null and the empty list are alike", "[upstream][metadata]") {
  const auto text = GENERATE(values<std::string_view>(
      {"{}", "null", " null\n", R"({"topics":null})", R"({"topics":[]})", R"({"version":null})",
       R"({"topics":[],"version":"0.3.8","unknown":{"topics":[{"name":"x"}]}})"}));
  CAPTURE(text);
  CHECK(parse(text).topics.empty());
}

TEST_CASE("members may be null, absent, unknown, and in any case", "[upstream][metadata]") {
  const auto metadata =
      parse(R"({"Topics":[{"NAME":"t","paused":null,"channels":[]},{"name":"u","x":[1,{}]},)"
            R"({"name":"v","Channels":[{"Name":"c","Paused":true}]}]})");
  REQUIRE(metadata.topics.size() == 3);
  CHECK_FALSE(metadata.topics[0].paused);
  CHECK(metadata.topics[1].channels.empty());
  REQUIRE(metadata.topics[2].channels.size() == 1);
  CHECK(metadata.topics[2].channels[0].paused);
}

TEST_CASE("invalid names are passed over and noted", "[upstream][metadata]") {
  const auto metadata =
      parse(R"({"topics":[{"name":"b d","channels":[{"name":"c"}]},null,{"name":"t","channels":)"
            R"([{"name":"x:y"},{"paused":true},{"name":"c"}]}]})");
  REQUIRE(metadata.topics.size() == 1);
  REQUIRE(metadata.topics[0].channels.size() == 1);
  CHECK(metadata.notes == std::vector<std::string>{"skipping invalid topic \"b d\"",
                                                   "skipping invalid topic \"\"",
                                                   "skipping invalid channel \"x:y\" of topic t",
                                                   "skipping invalid channel \"\" of topic t"});
}

TEST_CASE("ephemeral names are read, and not written", "[upstream][metadata]") {
  const auto metadata = parse(
      R"({"topics":[{"name":"e#ephemeral"},{"name":"t","channels":[{"name":"f#ephemeral"}]}]})");
  REQUIRE(metadata.topics.size() == 2);
  CHECK(metadata.topics[0].name.ephemeral());
  CHECK(metadata.topics[1].channels.size() == 1);
  CHECK(format_metadata(metadata) ==
        R"({"topics":[{"name":"t","paused":false,"channels":null}],"version":"1.3.0"})");
}

TEST_CASE("a name that comes twice is one topic, one channel", "[upstream][metadata]") {
  const auto metadata =
      parse(R"({"topics":[{"name":"t","channels":[{"name":"c"}]},)"
            R"({"name":"t","paused":true,"channels":[{"name":"c","paused":true},{"name":"d"}]}]})");
  REQUIRE(metadata.topics.size() == 1);
  CHECK(metadata.topics[0].paused);
  REQUIRE(metadata.topics[0].channels.size() == 2);
  CHECK(metadata.topics[0].channels[0].paused);
}

TEST_CASE("text that is no such document is an error", "[upstream][metadata]") {
  const auto text = GENERATE(values<std::string_view>(
      {"", " ", "{", "{} x", "[]", "5", "\"t\"", R"({"topics":{}})", R"({"topics":[5]})",
       R"({"topics":[{"name":5}]})", R"({"topics":[{"name":"t","paused":"no"}]})",
       R"({"topics":[{"name":"t","channels":{}}]})",
       R"({"topics":[{"name":"t","channels":["c"]}]})",
       R"({"topics":[{"name":"b d","channels":5}]})", R"({"version":1})"}));
  CAPTURE(text);
  const auto metadata = parse_metadata(text);
  REQUIRE_FALSE(metadata.has_value());
  CHECK(metadata.error().code == nsq::Errc::bad_json);
}

TEST_CASE("no nsqd.dat is a fresh start, an empty one an error", "[upstream][metadata]") {
  const UpstreamFolder folder;
  const auto missing = read_metadata(folder.path());
  REQUIRE(missing.has_value());
  CHECK(missing->topics.empty());

  folder.write("nsqd.dat", "");
  const auto empty = read_metadata(folder.path());
  REQUIRE_FALSE(empty.has_value());
  CHECK(empty.error().text() == "failed to parse metadata in " +
                                    (folder.path() / "nsqd.dat").string() +
                                    " - not a JSON document");
}

TEST_CASE("nsqd.dat is replaced as a whole, for its owner only", "[upstream][metadata]") {
  const UpstreamFolder folder;
  folder.write("nsqd.dat", "old");
  REQUIRE(write_metadata(folder.path(), parse(kDocument)).has_value());
  CHECK(folder.read("nsqd.dat") == kDocument);
  struct ::stat status{};
  REQUIRE(::stat((folder.path() / "nsqd.dat").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  const auto entries = std::filesystem::directory_iterator(folder.path());
  CHECK(std::distance(begin(entries), end(entries)) == 1);
}

TEST_CASE("a folder that is not there is an error with its path", "[upstream][metadata]") {
  const UpstreamFolder folder;
  const auto written = write_metadata(folder.path() / "none", {});
  REQUIRE_FALSE(written.has_value());
  CHECK(written.error().code == boost::system::errc::no_such_file_or_directory);
  CHECK(written.error().text().starts_with("open " + (folder.path() / "none").string()));
}
