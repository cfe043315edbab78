#pragma once

#include <cstdint>
#include <functional>

#include "common/base/clock.hpp"

namespace nsq::client {

/// When to try an address again: exponential with full jitter, i.e. any time up to min, 2 min, 4
/// min ... and never above max. Not thread-safe. Source: spec/client.md 10.2.
class ReconnectSchedule {
 public:
  /// Uniform in [0, 1).
  using Random = std::function<double()>;

  ReconnectSchedule(Nanoseconds min, Nanoseconds max, Random random);

  /// The delay before the next attempt; each call doubles the range of the one after it.
  Nanoseconds next();
  /// The delay after an error that will not go away by itself (refused by the server): max.
  Nanoseconds after_refusal() const noexcept { return max_; }
  /// A connection ended that had lived this long: past a minute, the delays start over.
  /// @return whether they do.
  bool lived(Nanoseconds duration) noexcept;
  /// The delays start over.
  void reset() noexcept { range_ = min_; }

 private:
  Nanoseconds min_;
  Nanoseconds max_;
  Nanoseconds range_;
  Random random_;
};

}  // namespace nsq::client
