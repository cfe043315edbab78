#include "nsqd/queue/id_generator.hpp"

namespace nsqd {

void IdGenerator::advance(nsq::WallTime now) noexcept {
  const std::int64_t unit = (nsq::unix_nanos(now) >> 20) - kEpoch;
  if (unit <= 0 || static_cast<std::uint64_t>(unit) <= unit_) return;
  unit_ = static_cast<std::uint64_t>(unit);
  sequence_ = 0;
}

}  // namespace nsqd
