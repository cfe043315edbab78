#include "common/metrics/histogram.hpp"

#include <numeric>

#include <catch2/catch.hpp>

using namespace nsq;
using namespace nsq::metrics;

namespace {

/// The bucket that counted `duration`.
std::size_t bucket_for(Nanoseconds duration) {
  LatencyHistogram histogram;
  histogram.record(duration);
  const auto counts = histogram.read();
  REQUIRE(counts.count() == 1);
  for (std::size_t i = 0; i < counts.buckets.size(); ++i) {
    if (counts.buckets[i] == 1) return i;
  }
  return counts.buckets.size();
}

}  // namespace

TEST_CASE("a bucket counts what lies up to its bound and above the one before", "[metrics]") {
  CHECK(bucket_for(Nanoseconds(0)) == 0);
  for (std::size_t i = 0; i < kLatencyBuckets; ++i) {
    CAPTURE(i);
    CHECK(bucket_for(bucket_bound(i)) == i);
    CHECK(bucket_for(bucket_bound(i) + Nanoseconds(1)) == i + 1);
  }
  CHECK(bucket_for(std::chrono::hours(10'000)) == kLatencyBuckets);
}

TEST_CASE("a clock that stepped back counts as no time", "[metrics]") {
  LatencyHistogram histogram;
  histogram.record(Seconds(-5));
  CHECK(histogram.read().buckets[0] == 1);
  CHECK(histogram.read().sum == Nanoseconds(0));
}

TEST_CASE("a sum that grows beyond all bounds begins anew", "[metrics]") {
  LatencyHistogram histogram;
  histogram.record(Nanoseconds::max(), 1000);
  histogram.record(std::chrono::hours(1), 10'000'000);
  auto twice = histogram.read();
  twice += histogram.read();
  CHECK(twice.count() == 20'002'000);
  CHECK(twice.sum >= Nanoseconds(0));
}

TEST_CASE("the members of a batch count one by one, and histograms add up", "[metrics]") {
  LatencyHistogram one;
  LatencyHistogram other;
  one.record(Milliseconds(1), 10);
  other.record(Milliseconds(1));
  other.record(Seconds(2));
  auto all = one.read();
  all += other.read();
  CHECK(all.count() == 12);
  CHECK(all.sum == Milliseconds(2011));
}
