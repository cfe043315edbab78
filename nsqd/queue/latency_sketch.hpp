#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/base/clock.hpp"

namespace nsqd {

/// How long messages took, as counts by size: answers any quantile, and merges with others without
/// loss. Sizes less than 1/64 apart may share a count; of each count the largest sample is kept, so
/// that a quantile is a sample that was seen. Memory: 1 KiB for each power of two that occurs.
/// Not thread-safe.
class LatencySketch {
 public:
  LatencySketch() = default;
  LatencySketch(LatencySketch&&) noexcept = default;
  LatencySketch& operator=(LatencySketch&&) noexcept = default;

  /// @param latency  what is negative counts as 0.
  void record(nsq::Nanoseconds latency);
  void merge(const LatencySketch& other);
  void clear() noexcept;

  std::uint64_t count() const noexcept { return count_; }

  /// The sample that about `q` * count() samples do not exceed; zero without samples.
  /// @param q  in (0, 1]; 1 is the maximum.
  nsq::Nanoseconds quantile(double q) const;

 private:
  static constexpr std::size_t kSteps = 64;  // of one power of two
  struct Step {
    std::uint64_t count = 0;
    std::uint64_t largest = 0;
  };
  using Octave = std::array<Step, kSteps>;

  Octave& octave(std::size_t power);

  std::array<std::unique_ptr<Octave>, 64> octaves_;  // by the power of two; null: none
  std::uint64_t count_ = 0;
};

/// The latencies of the last `window`: of between half of it and all of it, since what is older
/// goes by halves. Source: spec/nsqd.md 5.14. Not thread-safe.
class LatencyWindow {
 public:
  explicit LatencyWindow(nsq::Nanoseconds window) : half_(window / 2) {}

  void record(nsq::Nanoseconds latency, nsq::WallTime now);

  /// What is in the window at `now`.
  LatencySketch sketch(nsq::WallTime now) const;

 private:
  void advance(nsq::WallTime now);
  std::int64_t halves_since_begin(nsq::WallTime now) const;

  const nsq::Nanoseconds half_;
  std::optional<nsq::WallTime> begin_;  // of the newer half
  LatencySketch newer_;
  LatencySketch older_;
};

/// Some quantiles of some latencies, as /stats shows them.
struct LatencyStats {
  std::uint64_t count = 0;
  std::vector<nsq::Nanoseconds> values;  ///< one a quantile, in the order asked for

  static LatencyStats of(const LatencySketch& sketch, std::span<const double> quantiles);
};

/// Which latencies channels measure.
struct LatencyConfig {
  std::vector<double> quantiles;  ///< each in (0, 1]
  nsq::Nanoseconds window{};
};

}  // namespace nsqd
