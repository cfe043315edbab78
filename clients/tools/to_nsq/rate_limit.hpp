#pragma once

#include <algorithm>
#include <cstdint>

#include "common/base/clock.hpp"

namespace nsq::tools {

/// So many a second, with bursts up to as many after a pause: a credit that begins at 1, grows by
/// one every 1 s / n up to n, and of which everything takes one. Source: spec/tools.md 7.
class RateLimit {
 public:
  RateLimit(std::int64_t per_second, MonoTime now)
      : max_(per_second),
        tick_(std::max(Nanoseconds(Seconds(1)) / per_second, Nanoseconds(1))),
        filled_at_(now) {}

  /// Takes one; the result is how long to wait before doing what it is for.
  Nanoseconds take(MonoTime now) {
    const std::int64_t ticks = (now - filled_at_) / tick_;
    filled_at_ += ticks * tick_;
    credit_ = std::min(credit_ + ticks, max_);
    const bool wait = credit_ <= 0;
    --credit_;
    return wait ? tick_ : Nanoseconds(0);
  }

 private:
  std::int64_t max_;
  Nanoseconds tick_;
  MonoTime filled_at_;
  std::int64_t credit_ = 1;
};

}  // namespace nsq::tools
