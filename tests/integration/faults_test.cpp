#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/restart.hpp"
#include "tests/support/eventually.hpp"

// A disk that is full, or may not be written, under a running nsqd.
namespace nsq::test {
namespace {

namespace fs = std::filesystem;

using Strings = std::vector<std::string>;

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kBodyBytes = kMiB / 2;
constexpr int kMostBodies = 400;

/// A small file system of its own, in memory. Only root may mount one.
class SmallDisk {
 public:
  /// Nothing, with a warning that says why, where it cannot be had.
  static std::unique_ptr<SmallDisk> make(std::size_t mebibytes) {
    // In a namespace of our own, the mount ends with this process, however that ends.
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return cannot("unshare");
    }
    auto disk = std::unique_ptr<SmallDisk>(new SmallDisk);
    const std::string size = "size=" + std::to_string(mebibytes) + "m";
    if (::mount("tmpfs", disk->path().c_str(), "tmpfs", 0, size.c_str()) != 0) {
      return cannot("mount");
    }
    disk->mounted_ = true;
    return disk;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const fs::path& path() const noexcept { return dir_.path(); }
  fs::path filler() const { return path() / "filler"; }

  /// Fills it up to `left` bytes.
  void fill(std::size_t left = 0) const {
    const auto available = fs::space(path()).available;
    REQUIRE(available > left);
    std::ofstream file(filler(), std::ios::binary);
    const std::string block(64 * 1024, 'f');
    for (auto bytes = available - left; bytes > 0 && file;) {
      const auto part = std::min<std::uintmax_t>(bytes, block.size());
      file.write(block.data(), static_cast<std::streamsize>(part));
      bytes -= part;
    }
  }
  void free() const { fs::remove(filler()); }

 private:
  SmallDisk() = default;
  static std::unique_ptr<SmallDisk> cannot(const char* what) {
    WARN("skipped, as no file system can be mounted here: " << what << ": "
                                                            << std::strerror(errno));
    return nullptr;
  }

  TempDir dir_;
  bool mounted_ = false;
};

std::string body(int number) {
  std::string text = std::to_string(10'000 + number);
  text.resize(kBodyBytes, '.');
  return text;
}

/// Publishes large messages, counted on in `published`, until one is refused; returns the refusal.
std::optional<Frame> publish_until_refused(const Nsqd& nsqd, int& published) {
  RawClient producer = nsqd.connect();
  for (int i = 0; i < kMostBodies; ++i) {
    const Frame answer = producer.ask(pub("t", body(published)));
    if (answer != ok()) return answer;
    ++published;
  }
  return std::nullopt;
}

/// Checks that the channel has these messages in order, but for one that was refused and is there
/// all the same.
void check_all_there(Nsqd& nsqd, const std::string& channel, const Strings& expected) {
  RawClient client = nsqd.consumer("t", channel);
  client.send(rdy(1));
  Strings got;
  while (got.size() < expected.size()) {
    const Message message = client.read_message();
    const std::string text = message.body.substr(0, 5);
    if (std::find(expected.begin(), expected.end(), text) != expected.end()) got.push_back(text);
    client.send(fin(message.id));
  }
  CHECK(sorted(got) == expected);
}

void check_refuses(const Nsqd& nsqd, const Frame& refusal, const std::string& reason) {
  CHECK(refusal.type == 1);
  CHECK_THAT(refusal.data, Catch::StartsWith("E_PUB_FAILED ") && Catch::Contains(reason));
  const auto published = nsqd.post("/pub?topic=t", "m");
  CHECK(published.status == 500);
  CHECK_THAT(published.json().at("message").get<std::string>(), Catch::Contains(reason));
  CHECK(nsqd.post("/mpub?topic=t", "m\nn").status == 500);
  const auto ping = nsqd.get("/ping");
  CHECK(ping.status == 500);
  CHECK_THAT(ping.body, Catch::StartsWith("NOK - ") && Catch::Contains(reason));
}

void check_recovers(const Nsqd& nsqd) {
  CHECK(await_value(200, [&] { return nsqd.get("/ping").status; }) == 200);
  CHECK(nsqd.get("/ping").body == "OK");
}

TEST_CASE("a full disk refuses publishes until there is room again", "[integration][faults]") {
  const auto disk = SmallDisk::make(160);
  if (!disk) return;
  const Strings args{"--data-path=" + disk->path().string(), "--min-free-disk=0",
                     "--mem-queue-size=10"};
  Nsqd nsqd(args);
  for (const char* channel : {"now", "afterwards"}) nsqd.create("t", channel);
  int published = 0;
  for (; published < 20; ++published) {
    REQUIRE(nsqd.post("/pub?topic=t", body(published)).status == 200);
  }
  disk->fill();
  const auto refusal = publish_until_refused(nsqd, published);
  REQUIRE(refusal.has_value());
  check_refuses(nsqd, *refusal, "No space left");
  Strings acknowledged;
  for (int i = 0; i < published; ++i) acknowledged.push_back(std::to_string(10'000 + i));

  // RocksDB has no log of its own there: a line that does not fit would end the process.
  CHECK_FALSE(fs::exists(disk->path() / "nsqd.db" / "LOG"));

  // Consumers go on, and what they finish stays finished.
  check_all_there(nsqd, "now", acknowledged);
  CHECK(nsqd.process().running());

  disk->free();
  check_recovers(nsqd);
  REQUIRE(nsqd.post("/pub?topic=t", "99999").status == 200);
  REQUIRE(nsqd.connect().ask(pub("t", "99999")) == ok());
  restart(nsqd, Ending::kill, args);
  acknowledged.insert(acknowledged.end(), 2, "99999");
  check_all_there(nsqd, "afterwards", acknowledged);
}

TEST_CASE("--min-free-disk refuses publishes before the disk is full", "[integration][faults]") {
  const auto disk = SmallDisk::make(128);
  if (!disk) return;
  Nsqd nsqd(
      {"--data-path=" + disk->path().string(), "--min-free-disk=" + std::to_string(32 * kMiB)});
  nsqd.create("t", "c");
  nsqd.publish("t", "before");
  disk->fill(16 * kMiB);
  int refused = 200;
  REQUIRE(eventually([&] { return (refused = nsqd.post("/pub?topic=u", "m").status) != 200; }));
  CHECK(refused == 500);
  check_refuses(nsqd, nsqd.connect().ask(pub("t", "m")), "--min-free-disk");
  CHECK(bodies(consume(nsqd, "t", "c", 1)) == Strings{"before"});
  CHECK(fs::space(disk->path()).available > 8 * kMiB);

  disk->free();
  check_recovers(nsqd);
  nsqd.publish("t", "after");
  CHECK(bodies(consume(nsqd, "t", "c", 1)) == Strings{"after"});
}

/// Lets $NSQ_NSQD be a script that starts nsqd without root's power to ignore permissions.
class HumbleNsqd {
 public:
  HumbleNsqd() : former_(nsqd_path()) {
    const auto script = dir_.path() / "nsqd";
    std::ofstream(script)
        << "#!/bin/sh\nexec setpriv --bounding-set=-dac_override,-dac_read_search '" << former_
        << "' \"$@\"\n";
    fs::permissions(script, fs::perms::owner_all);
    ::setenv("NSQ_NSQD", script.c_str(), 1);
  }
  ~HumbleNsqd() { ::setenv("NSQ_NSQD", former_.c_str(), 1); }
  HumbleNsqd(const HumbleNsqd&) = delete;
  HumbleNsqd& operator=(const HumbleNsqd&) = delete;

 private:
  TempDir dir_;
  const std::string former_;
};

TEST_CASE("a folder that may not be written any more", "[integration][faults]") {
  std::optional<HumbleNsqd> humble;
  if (::geteuid() == 0) humble.emplace();
  Nsqd nsqd;
  for (const char* channel : {"now", "afterwards"}) nsqd.create("t", channel);
  const auto folder = nsqd.data_path() / "nsqd.db";
  const auto writable = fs::status(folder).permissions();
  fs::permissions(folder, fs::perms::owner_read | fs::perms::owner_exec);
  // The open files go on working; the next one cannot be created.
  int published = 0;
  const auto refusal = publish_until_refused(nsqd, published);
  REQUIRE(refusal.has_value());
  check_refuses(nsqd, *refusal, "Permission denied");
  Strings acknowledged;
  for (int i = 0; i < published; ++i) acknowledged.push_back(std::to_string(10'000 + i));
  check_all_there(nsqd, "now", acknowledged);

  fs::permissions(folder, writable);
  check_recovers(nsqd);
  REQUIRE(nsqd.post("/pub?topic=t", "99999").status == 200);
  acknowledged.push_back("99999");
  restart(nsqd, Ending::stop);
  check_all_there(nsqd, "afterwards", acknowledged);
}

/// A file system that can be made to turn read-only, as Linux makes one that has found an error. It
/// stays so until it is unmounted; one that is in use for writing cannot be remounted read-only by
/// hand. Only root may mount one.
class BrittleDisk {
 public:
  /// Nothing, with a warning that says why, where it cannot be had.
  static std::unique_ptr<BrittleDisk> make() {
    if (::geteuid() != 0) return cannot("only root may mount it");
    // In a namespace of our own, the mount ends with this process, however that ends.
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return cannot("no mount namespace");
    }
    auto disk = std::unique_ptr<BrittleDisk>(new BrittleDisk);
    const auto image = disk->image_.path() / "image";
    std::ofstream(image).close();
    fs::resize_file(image, 256 * kMiB);
    const bool mounted =
        shell("mkfs.ext4 -q -F -O ^has_journal " + image.string()) &&
        shell("mount -o loop,errors=remount-ro " + image.string() + " " + disk->path().string());
    if (!mounted) return cannot("mkfs.ext4 or mount failed");
    disk->mounted_ = true;
    struct stat stat{};
    REQUIRE(::stat(disk->path().c_str(), &stat) == 0);
    const auto device = fs::canonical("/sys/dev/block/" + std::to_string(major(stat.st_dev)) + ":" +
                                      std::to_string(minor(stat.st_dev)));
    disk->trigger_ = fs::path("/sys/fs/ext4") / device.filename() / "trigger_fs_error";
    if (!fs::exists(disk->trigger_)) return cannot("ext4 has no trigger_fs_error");
    return disk;
  }
  ~BrittleDisk() {
    if (mounted_) ::umount2(path().c_str(), MNT_DETACH);
  }
  BrittleDisk(const BrittleDisk&) = delete;
  BrittleDisk& operator=(const BrittleDisk&) = delete;

  const fs::path& path() const noexcept { return dir_.path(); }
  void turn_read_only() const { std::ofstream(trigger_) << "1"; }

 private:
  BrittleDisk() = default;
  static bool shell(const std::string& command) {
    return run_to_end("/bin/sh", {"-c", "PATH=$PATH:/usr/sbin:/sbin " + command}).status ==
           exited(0);
  }
  static std::unique_ptr<BrittleDisk> cannot(const char* why) {
    WARN("skipped, as there is no file system that turns read-only: " << why);
    return nullptr;
  }

  TempDir image_;
  TempDir dir_;
  fs::path trigger_;
  bool mounted_ = false;
};

TEST_CASE("a file system that turned read-only refuses publishes, and consumers go on",
          "[integration][faults]") {
  const auto disk = BrittleDisk::make();
  if (!disk) return;
  Nsqd nsqd({"--data-path=" + disk->path().string(), "--min-free-disk=0", "--mem-queue-size=10"});
  nsqd.create("t", "c");
  Strings acknowledged;
  for (int i = 0; i < 30; ++i) {
    REQUIRE(nsqd.post("/pub?topic=t", body(i)).status == 200);
    acknowledged.push_back(std::to_string(10'000 + i));
  }
  disk->turn_read_only();
  check_refuses(nsqd, nsqd.connect().ask(pub("t", "m")), "Read-only file system");
  check_all_there(nsqd, "c", acknowledged);
  check_refuses(nsqd, nsqd.connect().ask(pub("t", "m")), "Read-only file system");
  CHECK(nsqd.process().running());
  end(nsqd, Ending::kill);
}

TEST_CASE("a second nsqd on a data path refuses to start", "[integration][faults]") {
  Nsqd nsqd;
  nsqd.publish("t", "m");
  const Finished second =
      run_to_end(nsqd_path(), {"--tcp-address=127.0.0.1:0", "--http-address=127.0.0.1:0",
                               "--data-path=" + nsqd.data_path().string()});
  CHECK(second.status == exited(1));
  CHECK_THAT(second.err, Catch::Contains("failed to lock data-path"));
  CHECK(nsqd.get("/ping").body == "OK");
}

}  // namespace
}  // namespace nsq::test
