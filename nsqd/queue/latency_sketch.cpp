#include "nsqd/queue/latency_sketch.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace nsqd {

void LatencySketch::record(nsq::Nanoseconds latency) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
  const auto power = static_cast<std::size_t>(std::bit_width(value | 1) - 1);
  // The six bits behind the leading one.
  const std::uint64_t bits = power >= 6 ? value >> (power - 6) : value << (6 - power);
  Step& step = octave(power)[bits % kSteps];
  ++step.count;
  step.largest = std::max(step.largest, value);
  ++count_;
}

void LatencySketch::merge(const LatencySketch& other) {
  for (std::size_t power = 0; power < octaves_.size(); ++power) {
    if (!other.octaves_[power]) continue;
    Octave& mine = octave(power);
    const Octave& theirs = *other.octaves_[power];
    for (std::size_t i = 0; i < kSteps; ++i) {
      mine[i].count += theirs[i].count;
      mine[i].largest = std::max(mine[i].largest, theirs[i].largest);
    }
  }
  count_ += other.count_;
}

void LatencySketch::clear() noexcept {
  for (auto& octave : octaves_) octave.reset();
  count_ = 0;
}

nsq::Nanoseconds LatencySketch::quantile(double q) const {
  const auto exact = std::ceil(q * static_cast<double>(count_));
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(exact), 1, count_ | 1);
  std::uint64_t seen = 0;
  for (const auto& octave : octaves_) {
    if (!octave) continue;
    for (const Step& step : *octave) {
      seen += step.count;
      if (seen >= rank) return nsq::Nanoseconds(static_cast<std::int64_t>(step.largest));
    }
  }
  return nsq::Nanoseconds::zero();
}

LatencySketch::Octave& LatencySketch::octave(std::size_t power) {
  if (!octaves_[power]) octaves_[power] = std::make_unique<Octave>();
  return *octaves_[power];
}

void LatencyWindow::record(nsq::Nanoseconds latency, nsq::WallTime now) {
  advance(now);
  newer_.record(latency);
}

LatencySketch LatencyWindow::sketch(nsq::WallTime now) const {
  LatencySketch all;
  const auto halves = halves_since_begin(now);
  if (halves < 2) all.merge(newer_);
  if (halves < 1) all.merge(older_);
  return all;
}

void LatencyWindow::advance(nsq::WallTime now) {
  if (!begin_) begin_ = now;
  const auto halves = halves_since_begin(now);
  if (halves < 1) return;
  *begin_ += halves * half_;
  older_ = std::exchange(newer_, {});
  if (halves > 1) older_.clear();
}

std::int64_t LatencyWindow::halves_since_begin(nsq::WallTime now) const {
  if (!begin_ || now < *begin_) return 0;  // the clock stepped back
  return (now - *begin_) / std::max(half_, nsq::Nanoseconds(1));
}

LatencyStats LatencyStats::of(const LatencySketch& sketch, std::span<const double> quantiles) {
  LatencyStats stats{.count = sketch.count(), .values = {}};
  for (const double q : quantiles) stats.values.push_back(sketch.quantile(q));
  return stats;
}

}  // namespace nsqd
