#include "clients/nsq/lookup_pace.hpp"

#include <algorithm>
#include <utility>

namespace nsq::client {

namespace {
/// Between two requests to one that waits, so that a topic on which much changes costs little: far
/// below what a user notices.
constexpr Nanoseconds kSpacing = Milliseconds(20);
}  // namespace

LookupPace::LookupPace(const Options& options, ReconnectSchedule::Random random)
    : interval_(options.lookupd_poll_interval),
      jitter_(options.lookupd_poll_jitter),
      random_(random),
      failures_(std::min(options.reconnect_min, interval_), interval_, std::move(random)) {}

Nanoseconds LookupPace::after_answer(std::optional<std::uint64_t> index, Nanoseconds took) {
  const auto before = std::exchange(index_, index);
  if (!index) {
    failures_.reset();
    if (!std::exchange(first_poll_, false)) return interval_;
    const double part = jitter_ * random_() * static_cast<double>(interval_.count());
    return interval_ + Nanoseconds(static_cast<std::int64_t>(part));
  }
  if (!before) {
    failures_.reset();
    return Nanoseconds(0);
  }
  // Something between us and it may answer without waiting.
  if (before == index && took < kWait / 2) return std::max(kSpacing, failures_.next());
  failures_.reset();
  return std::max(kSpacing - took, Nanoseconds(0));
}

Nanoseconds LookupPace::after_failure() {
  index_.reset();
  return failures_.next();
}

}  // namespace nsq::client
