#include <chrono>
#include <map>

#include "nsqd/upstream/data_path.hpp"
#include "tests/unit/nsqd/upstream/fixture.hpp"

using namespace nsqd::upstream;
using namespace nsqd::upstream::test;

namespace {

namespace fs = std::filesystem;

constexpr auto kNow = std::chrono::sys_days(std::chrono::year(2026) / 1 / 31) +
                      std::chrono::hours(23) + std::chrono::minutes(59) + std::chrono::seconds(58);
constexpr auto kLater = kNow + std::chrono::hours(1);
constexpr const char* kFolder = "imported-by-nsqd-20260131T235958Z";

using Files = std::map<std::string, std::string>;  // name, content

const Files kUpstream{
    {"nsqd.dat", R"({"topics":[{"name":"t","channels":[{"name":"c"}]}]})"},
    {"nsqd.dat.1.tmp", "x"},
    {"t.diskqueue.meta.dat", "0\n0,0\n0,0\n"},
    {"t:c.diskqueue.000000.dat.bad", "bad"},
    {"t:c.diskqueue.000001.dat", "data"},
    {"t:c.diskqueue.meta.dat", "1\n1,0\n1,4\n"},
    {"t:c.diskqueue.meta.dat.2.tmp", "y"},
};
const Files kOthers{{"gone.diskqueue.meta.dat", "0\n0,0\n0,0\n"}, {"CURRENT", "z"}};

void write(const UpstreamFolder& folder, const Files& files) {
  for (const auto& [name, content] : files) folder.write(name, content);
}

// The files in `path`, not those in folders below it.
Files files_in(const fs::path& path) {
  Files files;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().filename()] = std::string(std::istreambuf_iterator<char>(in), {});
  }
  return files;
}

fs::path rename(const UpstreamFolder& folder, std::chrono::system_clock::time_point now = kNow) {
  const auto renamed = rename_imported(folder.path(), now);
  REQUIRE(renamed.has_value());
  REQUIRE(renamed->has_value());
  return **renamed;
}

}  // namespace

TEST_CASE("imported files move aside, others stay", "[upstream][rename]") {
  const UpstreamFolder folder;
  write(folder, kUpstream);
  write(folder, kOthers);
  CHECK(rename(folder) == folder.path() / kFolder);
  CHECK(files_in(folder.path()) == kOthers);
  CHECK(files_in(folder.path() / kFolder) == kUpstream);
  CHECK_FALSE(has_upstream_data(folder.path()).value());
}

TEST_CASE("without nsqd.dat nothing is moved", "[upstream][rename]") {
  const UpstreamFolder folder;
  write(folder, kOthers);
  const auto renamed = rename_imported(folder.path(), kNow);
  REQUIRE(renamed.has_value());
  CHECK_FALSE(renamed->has_value());
  CHECK(files_in(folder.path()) == kOthers);
  CHECK_FALSE(folder.has(kFolder));
}

TEST_CASE("an interrupted move is completed in the same folder", "[upstream][rename]") {
  // Where it can be interrupted: the folder is made, then any of the files has moved, but nsqd.dat.
  const auto moved = GENERATE(range(std::size_t{0}, kUpstream.size()));
  CAPTURE(moved);
  const UpstreamFolder folder;
  write(folder, kUpstream);
  fs::create_directory(folder.path() / kFolder);
  std::size_t count = 0;
  for (const auto& [name, content] : kUpstream) {
    if (name == "nsqd.dat" || count++ >= moved) continue;
    fs::rename(folder.path() / name, folder.path() / kFolder / name);
  }
  CHECK(has_upstream_data(folder.path()).value());
  CHECK(rename(folder, kLater) == folder.path() / kFolder);
  CHECK(files_in(folder.path()).empty());
  CHECK(files_in(folder.path() / kFolder) == kUpstream);
}

TEST_CASE("a second import gets a folder of its own", "[upstream][rename]") {
  const UpstreamFolder folder;
  const auto later = GENERATE(values<std::chrono::system_clock::time_point>({kNow, kLater}));
  write(folder, kUpstream);
  const auto first = rename(folder);
  write(folder, kUpstream);
  const auto second = rename(folder, later);
  CHECK(first != second);
  CHECK(files_in(first) == kUpstream);
  CHECK(files_in(second) == kUpstream);
}

TEST_CASE("a file in the way is not written over", "[upstream][rename]") {
  const UpstreamFolder folder;
  write(folder, kUpstream);
  fs::create_directory(folder.path() / kFolder);
  folder.write(std::string(kFolder) + "/t:c.diskqueue.000001.dat", "other");
  const auto renamed = rename_imported(folder.path(), kNow);
  REQUIRE_FALSE(renamed.has_value());
  CHECK(renamed.error().code == boost::system::errc::file_exists);
  CHECK(has_upstream_data(folder.path()).value());
  CHECK(folder.read("t:c.diskqueue.000001.dat") == "data");
}

TEST_CASE("moving the files back undoes it", "[upstream][rename]") {
  const UpstreamFolder folder;
  write(folder, kUpstream);
  const auto aside = rename(folder);
  for (const auto& [name, content] : files_in(aside)) {
    fs::rename(aside / name, folder.path() / name);
  }
  CHECK(files_in(folder.path()) == kUpstream);
  CHECK(rename(folder, kLater) == aside);
}
