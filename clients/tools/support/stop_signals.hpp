#pragma once

#include <optional>

#include "common/base/clock.hpp"

namespace nsq::tools {

enum class Woken { signal, readable, timeout };

/// SIGINT and SIGTERM as something to wait for. Make it before the first thread: it blocks them for
/// all. One a process.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Waits for a signal, for `fd` (unless -1) to be readable or at its end, or for the time to
  /// pass; a signal first. It stays one: later calls return at once.
  Woken wait(int fd, std::optional<Nanoseconds> limit = std::nullopt) const;

 private:
  int fd_;
};

}  // namespace nsq::tools
