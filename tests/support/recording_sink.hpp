#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "common/base/log.hpp"
#include "common/base/mutex.hpp"

namespace nsq::test {

/// Keeps the lines it is given. Any thread.
class RecordingSink : public LogSink {
 public:
  void write(LogLevel, std::string_view text) override {
    const MutexLock lock(mutex_);
    lines_.emplace_back(text);
  }

  bool has(std::string_view part) const {
    const MutexLock lock(mutex_);
    return std::ranges::any_of(lines_, [&](const auto& line) { return line.contains(part); });
  }

  std::vector<std::string> lines() const {
    const MutexLock lock(mutex_);
    return lines_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::string> lines_ NSQ_GUARDED_BY(mutex_);
};

}  // namespace nsq::test
