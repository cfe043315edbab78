#include "nsqd/options/data_path.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.hpp"

using namespace nsqd;

namespace {

std::string in_use(const std::string& dir) {
  return "failed to lock data-path: cannot flock directory " + dir +
         " - resource temporarily unavailable (possibly in use by another instance of nsqd)";
}

// Root may write anywhere: for a while, be somebody else.
class OrdinaryUser {
 public:
  OrdinaryUser() {
    if (was_root_) REQUIRE(::seteuid(65534) == 0);
  }
  ~OrdinaryUser() {
    if (was_root_ && ::seteuid(0) != 0) std::abort();
  }
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;

 private:
  const bool was_root_ = ::geteuid() == 0;
};

}  // namespace

TEST_CASE("a data directory has one holder at a time", "[options][data_path]") {
  const nsq::test::TempDir temp;
  const auto dir = temp.path().string();
  {
    const auto first = DataPathLock::acquire(dir);
    REQUIRE(first.has_value());
    const auto second = DataPathLock::acquire(dir);
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().text() == in_use(dir));
    CHECK(DataPathLock::acquire(dir + "/").error().text() == in_use(dir + "/"));
  }
  CHECK(DataPathLock::acquire(dir).has_value());
  CHECK(std::filesystem::is_empty(temp.path()));
}

TEST_CASE("the lock moves with its object", "[options][data_path]") {
  const nsq::test::TempDir temp;
  const auto dir = temp.path().string();
  std::optional<DataPathLock> outer;
  {
    auto inner = DataPathLock::acquire(dir);
    REQUIRE(inner.has_value());
    outer.emplace(std::move(*inner));
  }
  CHECK_FALSE(DataPathLock::acquire(dir).has_value());
  outer.reset();
  CHECK(DataPathLock::acquire(dir).has_value());
}

TEST_CASE("a data directory must exist and be a directory", "[options][data_path]") {
  const nsq::test::TempDir temp;
  const auto missing = (temp.path() / "none").string();
  CHECK(DataPathLock::acquire(missing).error().text() ==
        "failed to lock data-path: open " + missing + ": no such file or directory");
  const auto file = (temp.path() / "file").string();
  std::ofstream(file) << "x";
  CHECK(DataPathLock::acquire(file).error().text() ==
        "failed to lock data-path: open " + file + ": not a directory");
}

TEST_CASE("a data directory must be writable", "[options][data_path]") {
  const nsq::test::TempDir temp;
  const auto dir = temp.path().string();
  REQUIRE(::chmod(dir.c_str(), 0555) == 0);
  const OrdinaryUser user;
  const auto lock = DataPathLock::acquire(dir);
  REQUIRE_FALSE(lock.has_value());
  CHECK(lock.error().text() == "failed to lock data-path: write " + dir + ": permission denied");
}

TEST_CASE("a data directory must be readable", "[options][data_path]") {
  const nsq::test::TempDir temp;
  const auto dir = temp.path().string();
  REQUIRE(::chmod(dir.c_str(), 0) == 0);
  const OrdinaryUser user;
  CHECK(DataPathLock::acquire(dir).error().text() ==
        "failed to lock data-path: open " + dir + ": permission denied");
}
