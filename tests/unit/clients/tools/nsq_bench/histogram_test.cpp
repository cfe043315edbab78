#include "clients/tools/nsq_bench/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

using nsq::bench::Histogram;

TEST_CASE("an empty histogram's quantiles are 0", "[nsq_bench][histogram]") {
  const Histogram empty;
  CHECK(empty.quantile(0.5) == 0);
  CHECK(empty.max() == 0);
  CHECK(empty.min() == 0);
}

TEST_CASE("values below 256 are kept exactly", "[nsq_bench][histogram]") {
  Histogram histogram;
  for (std::uint64_t value = 0; value < 256; ++value) histogram.record(value);
  CHECK(histogram.quantile(0) == 0);
  CHECK(histogram.quantile(0.5) == 127);
  CHECK(histogram.quantile(1) == 255);
}

TEST_CASE("a lone value is every quantile of itself", "[nsq_bench][histogram]") {
  const std::uint64_t value =
      GENERATE(std::uint64_t{0}, 255u, 256u, 257u, 511u, 512u, 1'000'003u, std::uint64_t{1} << 40,
               (std::uint64_t{1} << 40) - 1, std::numeric_limits<std::uint64_t>::max());
  CAPTURE(value);
  Histogram histogram;
  histogram.record(value);
  CHECK(histogram.quantile(0.5) == value);
  CHECK(histogram.max() == value);
  CHECK(histogram.min() == value);
}

TEST_CASE("a quantile is never too low and at most 0.8 % too high", "[nsq_bench][histogram]") {
  std::mt19937_64 random(7);
  Histogram histogram;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(random() >> (random() % 56));
    histogram.record(values.back());
  }
  std::ranges::sort(values);
  for (const double share : {0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    CAPTURE(share);
    const auto rank = static_cast<std::size_t>(std::ceil(share * 20'000.0));
    const std::uint64_t exact = values[rank - 1];
    const std::uint64_t found = histogram.quantile(share);
    CHECK(found >= exact);
    CHECK(static_cast<double>(found) <= static_cast<double>(exact) * 1.008);
  }
}

TEST_CASE("merged histograms are the histogram of all values", "[nsq_bench][histogram]") {
  Histogram low;
  Histogram high;
  low.record(10, 99);
  high.record(1'000'000);
  low.merge(high);
  CHECK(low.count() == 100);
  CHECK(low.quantile(0.99) == 10);
  CHECK(low.quantile(0.995) == 1'000'000);
  CHECK(low.min() == 10);
}
