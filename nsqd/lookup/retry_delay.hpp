#pragma once

#include <functional>

#include "common/base/clock.hpp"

namespace nsqd {

/// How long to wait before the next try to connect: doubling from `first` to `last`, each shortened
/// by up to a half at random, so that many nsqds do not return to an nsqlookupd all at once.
/// Not thread-safe.
class RetryDelay {
 public:
  /// Uniform in [0, 1).
  using Random = std::function<double()>;

  RetryDelay(nsq::Nanoseconds first, nsq::Nanoseconds last, Random random)
      : first_(first), last_(last), next_(first), random_(std::move(random)) {}

  nsq::Nanoseconds next();

  /// The peer works: the next failure begins with the shortest delay.
  void reset() noexcept { next_ = first_; }

 private:
  const nsq::Nanoseconds first_;
  const nsq::Nanoseconds last_;
  nsq::Nanoseconds next_;
  const Random random_;
};

}  // namespace nsqd
