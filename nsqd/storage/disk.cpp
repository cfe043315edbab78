#include "nsqd/storage/disk.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

#include "common/base/bytes.hpp"

namespace nsqd::disk {

using namespace nsq;

namespace {

/// What opening writes besides: a manifest, a new log.
constexpr std::uint64_t kSmallFiles = 1_MiB;
constexpr std::uint64_t kStatBlock = 512;  // the unit of st_blocks, whatever the file system's is

}  // namespace

std::optional<std::uint64_t> free_bytes(const std::string& path) {
  struct statvfs stat{};
  if (::statvfs(path.empty() ? "." : path.c_str(), &stat) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(stat.f_bavail) * stat.f_frsize;
}

std::uint64_t room_missing_to_recover(const std::string& folder) {
  auto free = free_bytes(folder);
  if (!free) return 0;  // trying will tell
  std::uint64_t needed = kSmallFiles;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    struct stat stat{};
    if (it->path().extension() != ".log" || ::stat(it->path().c_str(), &stat) != 0) continue;
    const auto size = static_cast<std::uint64_t>(stat.st_size);
    const auto allocated = static_cast<std::uint64_t>(stat.st_blocks) * kStatBlock;
    needed += size;
    *free += allocated - std::min(allocated, size);  // given back when the log is closed
  }
  return needed - std::min(needed, *free);
}

bool takes_writes(rocksdb::Env& env, const std::string& folder) {
  const std::string path = folder + "/probe";
  std::unique_ptr<rocksdb::WritableFile> file;
  if (!env.NewWritableFile(path, &file, rocksdb::EnvOptions()).ok()) return false;
  const std::string content(4_KiB, 'p');
  bool works = file->Append(content).ok() && file->Sync().ok();
  works = file->Close().ok() && works;
  return env.DeleteFile(path).ok() && works;
}

}  // namespace nsqd::disk
