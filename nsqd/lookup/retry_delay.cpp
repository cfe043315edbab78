#include "nsqd/lookup/retry_delay.hpp"

#include <algorithm>

namespace nsqd {

nsq::Nanoseconds RetryDelay::next() {
  const nsq::Nanoseconds full = std::min(next_, last_);
  next_ = full * 2;
  const auto off = static_cast<double>(full.count()) * 0.5 * random_();
  return full - nsq::Nanoseconds(static_cast<nsq::Nanoseconds::rep>(off));
}

}  // namespace nsqd
