#pragma once

#include <cstdint>
#include <random>

namespace nsq::torture {

/// Random numbers from a seed; each thread has its own, made from the run's seed and a number.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) {
    std::seed_seq mixed{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                        static_cast<std::uint32_t>(stream)};
    engine_.seed(mixed);
  }

  /// Between both, which are included.
  template <class Integer>
  Integer between(Integer low, Integer high) {
    return std::uniform_int_distribution<Integer>(low, high)(engine_);
  }
  std::size_t below(std::size_t end) { return between<std::size_t>(0, end - 1); }
  bool chance(int percent) { return between(0, 99) < percent; }

 private:
  std::mt19937_64 engine_;
};

/// A well mixed number from two: for choices that must come out alike in several places.
constexpr std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a * 0x9e3779b97f4a7c15ULL + b;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace nsq::torture
