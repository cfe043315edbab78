#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "common/base/clock.hpp"

namespace nsq::metrics {

/// How many buckets a histogram has below infinity. Their bounds double.
inline constexpr std::size_t kLatencyBuckets = 28;

/// The largest duration that the bucket `i` counts: 16 µs for the first, 36 min for the last.
constexpr Nanoseconds bucket_bound(std::size_t i) noexcept {
  return Nanoseconds(std::int64_t{16'000} << i);
}

/// What a histogram had counted at one moment, or the sum of several.
struct HistogramCounts {
  std::array<std::uint64_t, kLatencyBuckets + 1> buckets{};  ///< the last: beyond all bounds
  Nanoseconds sum{};

  HistogramCounts& operator+=(const HistogramCounts& other) noexcept;
  std::uint64_t count() const noexcept;
};

/// Counts durations by size. One thread at a time writes, any reads: a write is two plain additions
/// to memory that no other thread writes, so it costs no more than a counter of that thread's.
class LatencyHistogram {
 public:
  /// @param times  how often the same duration is counted, as for the members of a batch.
  void record(Nanoseconds duration, std::uint64_t times = 1) noexcept;

  /// What is recorded meanwhile may be in it or not.
  HistogramCounts read() const noexcept;

 private:
  // Relaxed, without read-modify-write: there is one writer, and readers only show them.
  std::array<std::atomic<std::uint64_t>, kLatencyBuckets + 1> buckets_{};
  std::atomic<std::int64_t> sum_{0};
};

}  // namespace nsq::metrics
