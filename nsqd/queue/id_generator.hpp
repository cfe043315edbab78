#pragma once

#include <algorithm>
#include <cstdint>

#include "common/base/clock.hpp"

namespace nsqd {

/// Makes message ids: `((unit − 1288834974288) << 22) | (node << 12) | sequence`, the unit being
/// Unix nanoseconds >> 20 (spec/nsqd.md 5.13). Strictly increasing. Where more than 4096 ids fall
/// into one unit, or the clock steps back, the unit runs ahead of the clock: no publisher ever
/// waits for an id.
///
/// One per topic, guarded by its lock.
class IdGenerator {
 public:
  /// @param node 0..1023, part of every id.
  explicit IdGenerator(std::uint32_t node) noexcept : node_bits_(std::uint64_t{node} << 12) {}

  /// Call before the ids of a batch: follows the clock.
  void advance(nsq::WallTime now) noexcept;

  /// The unit of the last id.
  std::uint64_t unit() const noexcept { return unit_; }
  static constexpr std::uint64_t unit_of(std::uint64_t id) noexcept { return id >> 22; }
  /// All further ids are of later units: after a restart, whatever the clock says.
  void go_on_behind(std::uint64_t unit) noexcept {
    unit_ = std::max(unit_, unit);
    sequence_ = kMaxSequence + 1;
  }

  std::uint64_t next() noexcept {
    if (sequence_ > kMaxSequence) {
      ++unit_;
      sequence_ = 0;
    }
    return (unit_ << 22) | node_bits_ | sequence_++;
  }

 private:
  static constexpr std::uint64_t kMaxSequence = 4095;
  static constexpr std::int64_t kEpoch = 1'288'834'974'288;

  std::uint64_t node_bits_;
  std::uint64_t unit_ = 0;
  std::uint64_t sequence_ = 0;
};

}  // namespace nsqd
