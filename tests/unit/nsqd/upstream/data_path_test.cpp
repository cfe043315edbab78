#include "nsqd/upstream/data_path.hpp"

#include "tests/unit/nsqd/upstream/fixture.hpp"

using namespace nsqd::upstream;
using namespace nsqd::upstream::test;

namespace {

constexpr std::string_view kTopics =
    R"({"topics":[{"name":"t","paused":false,"channels":[{"name":"c","paused":true},)"
    R"({"name":"e#ephemeral"}]},{"name":"u"},{"name":"f#ephemeral"}]})";

std::vector<std::string> names(const std::vector<QueueFiles>& queues) {
  std::vector<std::string> names;
  for (const auto& files : queues) names.push_back(files.name.str());
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("nsqd.dat makes a folder a data path of upstream", "[upstream][data_path]") {
  const UpstreamFolder folder;
  folder.meta("0\n0,0\n0,0\n");
  CHECK_FALSE(has_upstream_data(folder.path()).value());
  folder.write("nsqd.dat", "");
  CHECK(has_upstream_data(folder.path()).value());
  CHECK_FALSE(has_upstream_data(folder.path() / "none").value());
}

TEST_CASE("the queues of topics and channels are found with their files", "[upstream][data_path]") {
  const UpstreamFolder folder;
  folder.write("nsqd.dat", kTopics);
  folder.meta("0\n0,0\n0,0\n");
  folder.write("t:c.diskqueue.000011.dat", "");
  folder.write("t:c.diskqueue.000009.dat", "");
  folder.write("t:c.diskqueue.000009.dat.bad", "");
  folder.write("t:c.diskqueue.meta.dat.123.tmp", "");
  folder.write("nsqd.dat.456.tmp", "");
  folder.write("nsqd.dat.tmp", "");
  folder.write("CURRENT", "");
  std::filesystem::create_directory(folder.path() / "u.diskqueue.000000.dat");

  const auto found = folder.scan();
  CHECK(found.metadata.topics.size() == 3);
  CHECK(names(found.queues) == Names{"t", "t:c"});
  CHECK(found.unlisted.empty());
  CHECK(found.temporary == Names{"nsqd.dat.456.tmp"});

  const auto* topic = found.find(queue_name("t"));
  REQUIRE(topic != nullptr);
  CHECK(topic->has_meta);
  CHECK(topic->data.empty());
  const auto* channel = found.find(queue_name("t:c"));
  REQUIRE(channel != nullptr);
  CHECK_FALSE(channel->has_meta);
  CHECK(channel->data == std::vector<DataFile>{{9, false}, {9, true}, {11, false}});
  CHECK(channel->temporary == Names{"t:c.diskqueue.meta.dat.123.tmp"});
  CHECK(channel->path(channel->data[1]) == folder.path() / "t:c.diskqueue.000009.dat.bad");
  CHECK(found.find(queue_name("u")) == nullptr);
}

TEST_CASE("queues that upstream does not read are told apart", "[upstream][data_path]") {
  const UpstreamFolder folder;
  folder.write("nsqd.dat", kTopics);
  for (const auto* queue : {"t", "t:other", "gone", "gone:c", "t:e#ephemeral", "f#ephemeral"}) {
    folder.write(meta_file_name(queue_name(queue)), "0\n0,0\n0,0\n");
  }
  const auto found = folder.scan();
  CHECK(names(found.queues) == Names{"t"});
  CHECK(names(found.unlisted) ==
        Names{"f#ephemeral", "gone", "gone:c", "t:e#ephemeral", "t:other"});
}

TEST_CASE("a malformed nsqd.dat and a missing folder are errors", "[upstream][data_path]") {
  const UpstreamFolder folder;
  folder.write("nsqd.dat", "{");
  CHECK(scan_data_path(folder.path()).error().code == nsq::Errc::bad_json);
  const auto missing = scan_data_path(folder.path() / "none");
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().text() ==
        "list " + (folder.path() / "none").string() + ": No such file or directory");
}
