#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/result.hpp"

namespace nsqd::upstream {

// Plain files. Every error is the system's code with the operation and the path as context.

/// An open file. One thread at a time; closed at destruction.
class File {
 public:
  /// Opens an existing file for reading.
  static nsq::Result<File> open(const std::filesystem::path& path);
  /// Makes a new file for writing, mode 0600; an error if there is one of that name.
  static nsq::Result<File> create(const std::filesystem::path& path);
  /// The same, but an existing file is emptied.
  static nsq::Result<File> overwrite(const std::filesystem::path& path);

  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(path_, other.path_);
    return *this;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();

  const std::filesystem::path& path() const noexcept { return path_; }
  nsq::Result<std::uint64_t> size() const;
  /// Reads `bytes` bytes at `offset`; fewer only if the file ends there. Returns how many.
  nsq::Result<std::size_t> read_at(char* to, std::size_t bytes, std::uint64_t offset) const;
  /// Writes all of `data` behind what was written before.
  nsq::Result<void> append(std::string_view data);
  nsq::Result<void> sync();

 private:
  static nsq::Result<File> open(const std::filesystem::path& path, int flags);
  File(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}

  int fd_;
  std::filesystem::path path_;
};

/// The whole content of a small file.
nsq::Result<std::string> read_file(const std::filesystem::path& path);

/// Makes `path` hold `text` at once or not at all, also over a loss of power: written beside it,
/// synced, renamed.
nsq::Result<void> replace_file(const std::filesystem::path& path, std::string_view text);

/// Makes what was created, renamed and removed in `directory` last over a loss of power.
nsq::Result<void> sync_directory(const std::filesystem::path& directory);

/// Moves a file within one file system; an error if `to` exists.
nsq::Result<void> move_file(const std::filesystem::path& from, const std::filesystem::path& to);

/// Whether there is anything at `path`.
nsq::Result<bool> file_exists(const std::filesystem::path& path);

}  // namespace nsqd::upstream
