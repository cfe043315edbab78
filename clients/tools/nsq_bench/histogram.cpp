#include "clients/tools/nsq_bench/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace nsq::bench {

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  min_ = std::min(min_, other.min_);
}

std::uint64_t Histogram::quantile(double quantile) const noexcept {
  if (count_ == 0) return 0;
  const double share = std::clamp(quantile, 0.0, 1.0) * static_cast<double>(count_);
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= rank) return std::min(upper_edge(i), max_);
  }
  return max_;
}

std::uint64_t Histogram::upper_edge(std::size_t index) noexcept {
  if (index < kExact) return index;
  const auto shift = (index >> kSubBits) - 1;
  const std::uint64_t top = index - (shift << kSubBits);
  return ((top + 1) << shift) - 1;
}

}  // namespace nsq::bench
