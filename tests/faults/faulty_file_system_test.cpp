#include "tests/faults/faulty_file_system.hpp"

#include <filesystem>
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.hpp"

// That the means of the other tests do what they say.
namespace nsq::test {
namespace {

struct File {
  explicit File(FaultyFileSystem& disk, const std::string& path) {
    REQUIRE(disk.NewWritableFile(path, {}, &file, nullptr).ok());
  }
  bool append(std::string_view text) { return file->Append(text, {}, nullptr).ok(); }
  bool sync() { return file->Sync({}, nullptr).ok(); }

  std::unique_ptr<rocksdb::FSWritableFile> file;
};

TEST_CASE("a file system fails on the files that it is told, until it is repaired", "[faults]") {
  const TempDir dir;
  FaultyFileSystem disk;
  File log(disk, dir.path() / "a.log");
  File table(disk, dir.path() / "b.sst");
  disk.fail(FileOperation::append, disk_full(), ".log");
  CHECK_FALSE(log.append("1234"));
  CHECK(table.append("1234"));
  CHECK(disk.refusals() == 1);
  disk.repair();
  CHECK(log.append("5678"));
  log.file.reset();
  CHECK(std::filesystem::file_size(dir.path() / "a.log") ==
        6);  // half of the first, and the second
}

TEST_CASE("a loss of power takes what was not synced", "[faults]") {
  const TempDir dir;
  FaultyFileSystem disk;
  const auto old_path = dir.path() / "old";
  const auto path = dir.path() / "new";
  {
    File file(disk, old_path);
    CHECK(file.append("safe"));
    CHECK(file.sync());
    CHECK(file.append("not"));
    REQUIRE(disk.RenameFile(old_path, path, {}, nullptr).ok());
    disk.cut_power();
    CHECK_FALSE(file.sync());
    CHECK_FALSE(file.append("never"));
    CHECK_FALSE(disk.DeleteFile(path, {}, nullptr).ok());
  }
  disk.lose_unsynced();
  CHECK(std::filesystem::file_size(path) == 4);
  CHECK(disk.lost_bytes() == 3);
  CHECK(disk.DeleteFile(path, {}, nullptr).ok());
}

}  // namespace
}  // namespace nsq::test
