#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "tests/simulation/world.hpp"

using nsqd::sim::Faults;
using nsqd::sim::Violation;
using nsqd::sim::World;

namespace {

constexpr std::uint64_t kRuns = 20;

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::uint64_t kDefaultSteps = 100'000;
#else
constexpr std::uint64_t kDefaultSteps = 1'000'000;
#endif

std::optional<std::uint64_t> number_from_environment(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

void run(std::uint64_t seed, std::uint64_t steps, Faults faults) {
  std::uint64_t step = 0;
  try {
    World world(seed, faults);
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

void run_all(Faults faults) {
  const std::uint64_t steps = number_from_environment("NSQ_SIM_STEPS").value_or(kDefaultSteps);
  const auto seed = number_from_environment("NSQ_SIM_SEED");
  if (seed) {
    run(*seed, steps / kRuns, faults);
    return;
  }
  for (std::uint64_t i = 1; i <= kRuns; ++i) run(i, steps / kRuns, faults);
}

}  // namespace

TEST_CASE("the broker does what the model says, however late its log is", "[queue][simulation]") {
  run_all({});
}

TEST_CASE("the broker does what the model says when commits fail",
          "[queue][failures][simulation]") {
  run_all({.failures = true});
}

TEST_CASE("the broker goes on after crashes where the model says",
          "[queue][restarts][simulation]") {
  run_all({.restarts = true});
}

TEST_CASE("the same with both", "[queue][faults][simulation]") {
  run_all({.failures = true, .restarts = true});
}
