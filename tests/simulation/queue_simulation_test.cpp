#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "tests/simulation/world.hpp"

using nsqd::sim::GroundKind;
using nsqd::sim::Violation;
using nsqd::sim::World;

namespace {

constexpr std::uint64_t kRuns = 20;

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::uint64_t kDefaultSteps = 100'000;
[[maybe_unused]] constexpr std::uint64_t kDefaultStoreSteps = 10'000;
#else
constexpr std::uint64_t kDefaultSteps = 1'000'000;
[[maybe_unused]] constexpr std::uint64_t kDefaultStoreSteps = 50'000;
#endif

std::optional<std::uint64_t> number_from_environment(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

void run(std::uint64_t seed, std::uint64_t steps, GroundKind kind) {
  std::uint64_t step = 0;
  try {
    World world(seed, kind);
    for (; step < steps; ++step) {
      world.step();
      if (step % 1024 == 0) world.check_all();
    }
    world.check_all();
    world.drain();
  } catch (const Violation& violation) {
    FAIL("NSQ_SIM_SEED=" << seed << ", step " << step << ": " << violation.what());
  }
}

void run_all(std::uint64_t default_steps, GroundKind kind) {
  const std::uint64_t steps = number_from_environment("NSQ_SIM_STEPS").value_or(default_steps);
  const auto seed = number_from_environment("NSQ_SIM_SEED");
  if (seed) {
    run(*seed, steps / kRuns, kind);
    return;
  }
  for (std::uint64_t i = 1; i <= kRuns; ++i) run(i, steps / kRuns, kind);
}

}  // namespace

TEST_CASE("the broker does what the model says, whatever is done to it and to its log",
          "[queue][simulation]") {
  run_all(kDefaultSteps, GroundKind::memory);
}
