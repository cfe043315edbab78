#include "common/metrics/histogram.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

namespace nsq::metrics {
namespace {

std::size_t bucket_of(Nanoseconds duration) noexcept {
  if (duration <= bucket_bound(0)) return 0;
  const auto steps = static_cast<std::uint64_t>((duration - Nanoseconds(1)) / bucket_bound(0));
  return std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(steps)), kLatencyBuckets);
}

// A sum of waits may exceed 292 years: that of ten million messages that waited for an hour does.
// It then begins anew, as after a restart; who computes rates from counters is prepared for that.
std::int64_t wrapping_sum(std::int64_t sum, std::uint64_t added) noexcept {
  constexpr std::uint64_t kMask = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>((static_cast<std::uint64_t>(sum) + added) & kMask);
}

}  // namespace

HistogramCounts& HistogramCounts::operator+=(const HistogramCounts& other) noexcept {
  for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += other.buckets[i];
  sum = Nanoseconds(wrapping_sum(sum.count(), static_cast<std::uint64_t>(other.sum.count())));
  return *this;
}

std::uint64_t HistogramCounts::count() const noexcept {
  return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

void LatencyHistogram::record(Nanoseconds duration, std::uint64_t times) noexcept {
  duration = std::max(duration, Nanoseconds::zero());  // of calendar times, which may step back
  auto& bucket = buckets_[bucket_of(duration)];
  bucket.store(bucket.load(std::memory_order_relaxed) + times, std::memory_order_relaxed);
  const auto added = static_cast<std::uint64_t>(duration.count()) * times;
  sum_.store(wrapping_sum(sum_.load(std::memory_order_relaxed), added), std::memory_order_relaxed);
}

HistogramCounts LatencyHistogram::read() const noexcept {
  HistogramCounts counts;
  for (std::size_t i = 0; i < counts.buckets.size(); ++i) {
    counts.buckets[i] = buckets_[i].load(std::memory_order_relaxed);
  }
  counts.sum = Nanoseconds(sum_.load(std::memory_order_relaxed));
  return counts;
}

}  // namespace nsq::metrics
