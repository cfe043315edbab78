#include "nsqd/upstream/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

namespace nsqd::upstream {
namespace {

namespace fs = std::filesystem;

constexpr ::mode_t kMode = 0600;  // spec/nsqd.md 5.11

auto failed(std::string_view operation, const fs::path& path, int error = errno) {
  const boost::system::error_code code(error, boost::system::system_category());
  return nsq::fail(code, fmt::format("{} {}: {}", operation, path.native(), code.message()));
}

}  // namespace

nsq::Result<File> File::open(const fs::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, kMode);
  if (fd < 0) return failed("open", path);
  return File(fd, path);
}

nsq::Result<File> File::open(const fs::path& path) {
  return open(path, O_RDONLY);
}

nsq::Result<File> File::create(const fs::path& path) {
  return open(path, O_WRONLY | O_CREAT | O_EXCL);
}

nsq::Result<File> File::overwrite(const fs::path& path) {
  return open(path, O_WRONLY | O_CREAT | O_TRUNC);
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

nsq::Result<std::uint64_t> File::size() const {
  struct ::stat status{};
  if (::fstat(fd_, &status) != 0) return failed("stat", path_);
  return static_cast<std::uint64_t>(status.st_size);
}

nsq::Result<std::size_t> File::read_at(char* to, std::size_t bytes, std::uint64_t offset) const {
  std::size_t done = 0;
  while (done < bytes) {
    const ::ssize_t n = ::pread(fd_, to + done, bytes - done, static_cast<::off_t>(offset + done));
    if (n == 0) break;
    if (n > 0) done += static_cast<std::size_t>(n);
    if (n < 0 && errno != EINTR) return failed("read", path_);
  }
  return done;
}

nsq::Result<void> File::append(std::string_view data) {
  while (!data.empty()) {
    const ::ssize_t n = ::write(fd_, data.data(), data.size());
    if (n > 0) data.remove_prefix(static_cast<std::size_t>(n));
    if (n < 0 && errno != EINTR) return failed("write", path_);
  }
  return {};
}

nsq::Result<void> File::sync() {
  if (::fsync(fd_) != 0) return failed("sync", path_);
  return {};
}

nsq::Result<std::string> read_file(const fs::path& path) {
  const auto file = File::open(path);
  if (!file) return std::unexpected(file.error());
  const auto size = file->size();
  if (!size) return std::unexpected(size.error());
  std::string text(*size, '\0');
  const auto read = file->read_at(text.data(), text.size(), 0);
  if (!read) return std::unexpected(read.error());
  text.resize(*read);
  return text;
}

nsq::Result<void> replace_file(const fs::path& path, std::string_view text) {
  // Upstream puts a random number there. Ours need not differ from the next: one process at a time
  // writes in a data path, and overwrites what an earlier one may have left.
  const fs::path temporary(fmt::format("{}.{}.tmp", path.native(), ::getpid()));
  {
    auto file = File::overwrite(temporary);
    if (!file) return std::unexpected(file.error());
    if (auto written = file->append(text); !written) return written;
    if (auto synced = file->sync(); !synced) return synced;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failed("rename", temporary);
  return sync_directory(path.parent_path());
}

nsq::Result<void> sync_directory(const fs::path& directory) {
  auto opened = File::open(directory.empty() ? "." : directory);
  if (!opened) return std::unexpected(opened.error());
  return opened->sync();
}

nsq::Result<void> move_file(const fs::path& from, const fs::path& to) {
  const auto taken = file_exists(to);
  if (!taken) return std::unexpected(taken.error());
  if (*taken) return failed("move to", to, EEXIST);
  if (::rename(from.c_str(), to.c_str()) != 0) return failed("move", from);
  return {};
}

nsq::Result<bool> file_exists(const fs::path& path) {
  struct ::stat status{};
  if (::lstat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT) return false;
  return failed("stat", path);
}

}  // namespace nsqd::upstream
