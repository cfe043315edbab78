#pragma once

#include <cstdint>
#include <optional>

#include "clients/nsq/options.hpp"
#include "clients/nsq/reconnect.hpp"

namespace nsq::client {

/// When to ask an nsqlookupd next, and what for: arithmetic without a clock.
///
/// One that offers to wait (its answers have an index) is asked again at once, with the request
/// that answers when something changes. Others are polled: an interval later, the first time a
/// random part of it more, so that consumers that were started together ask at different times.
/// After a failure it is tried again as after a lost connection, up to an interval later.
/// Not thread-safe. Source: spec/client.md 10.1, docs/protocol-extensions.md.
class LookupPace {
 public:
  /// @param random  uniform in [0, 1).
  LookupPace(const Options& options, ReconnectSchedule::Random random);

  /// How long the next request should wait for another answer than that with `index`, at most.
  static constexpr Nanoseconds kWait = Seconds(30);
  std::uint64_t index() const noexcept { return index_.value_or(0); }
  /// Whether the next request may take as long as that, or is answered at once.
  bool waits() const noexcept { return index_.has_value(); }

  /// An answer came, with this index, `took` after it was asked for. The delay before the next
  /// request.
  Nanoseconds after_answer(std::optional<std::uint64_t> index, Nanoseconds took);
  Nanoseconds after_failure();

 private:
  Nanoseconds interval_;
  double jitter_;
  ReconnectSchedule::Random random_;
  ReconnectSchedule failures_;
  std::optional<std::uint64_t> index_;
  bool first_poll_ = true;
};

}  // namespace nsq::client
