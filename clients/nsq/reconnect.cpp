#include "clients/nsq/reconnect.hpp"

#include <algorithm>
#include <utility>

namespace nsq::client {

ReconnectSchedule::ReconnectSchedule(Nanoseconds min, Nanoseconds max, Random random)
    : min_(min), max_(max), range_(min), random_(std::move(random)) {}

Nanoseconds ReconnectSchedule::next() {
  const double range = static_cast<double>(range_.count());
  range_ = range_ > max_ / 2 ? max_ : 2 * range_;
  return Nanoseconds(static_cast<std::int64_t>(range * random_()));
}

bool ReconnectSchedule::lived(Nanoseconds duration) noexcept {
  const bool long_enough = duration >= std::chrono::minutes(1);
  if (long_enough) reset();
  return long_enough;
}

}  // namespace nsq::client
