#pragma once

#include <chrono>
#include <cstdint>

namespace nsq {

using Nanoseconds = std::chrono::nanoseconds;
using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

/// A point on the machine's monotonic clock: deadlines and timeouts. Means nothing to another
/// process or after a restart.
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, Nanoseconds>;

/// A point in calendar time, Unix epoch, nanoseconds: message timestamps and what must outlive the
/// process.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Nanoseconds>;

/// Both clocks, read together. The broker takes its time as an argument of this type, so that tests
/// drive it by hand.
struct Now {
  MonoTime mono;
  WallTime wall;
};

/// Reads the machine's clocks. Any thread.
Now read_clock() noexcept;

/// Nanoseconds since the Unix epoch.
inline std::int64_t unix_nanos(WallTime time) noexcept {
  return time.time_since_epoch().count();
}

}  // namespace nsq
