#pragma once

#include "common/base/clock.hpp"

namespace nsqd {

/// How long ago a message was published. Its timestamp may be anything: an imported one is whatever
/// a file said, and a clock may have stepped back since (then none).
constexpr nsq::Nanoseconds message_age(nsq::WallTime published, nsq::WallTime now) noexcept {
  if (published >= now) return nsq::Nanoseconds::zero();
  return published < nsq::WallTime() ? now.time_since_epoch() : now - published;
}

}  // namespace nsqd
