#pragma once

#include <string>
#include <utility>

#include "common/base/result.hpp"

namespace nsqd {

/// Holds the data directory for this process: an exclusive flock on the directory itself, which
/// also keeps an upstream nsqd out. Given up at destruction and when the process ends.
/// Source: spec/nsqd.md 9.5.
class DataPathLock {
 public:
  /// What the directory is wanted for.
  enum class Use { write, read };

  /// Locks `directory` (empty: the current one) without waiting.
  /// The error's context is the whole reason, `failed to lock data-path: ...`: there is no such
  /// directory, it cannot be used so, or another process (or lock) holds it.
  static nsq::Result<DataPathLock> acquire(const std::string& directory, Use use = Use::write);

  DataPathLock(DataPathLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  DataPathLock& operator=(DataPathLock&& other) noexcept;
  DataPathLock(const DataPathLock&) = delete;
  DataPathLock& operator=(const DataPathLock&) = delete;
  ~DataPathLock();

 private:
  explicit DataPathLock(int fd) noexcept : fd_(fd) {}

  int fd_;
};

}  // namespace nsqd
