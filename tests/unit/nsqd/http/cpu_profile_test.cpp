#include "nsqd/http/cpu_profile.hpp"

#include <sys/time.h>

#include <cstring>
#include <string_view>

#include <catch2/catch.hpp>

namespace nsqd {
namespace {

/// The i-th word of a profile.
std::uint64_t word(std::string_view profile, std::size_t i) {
  std::uint64_t value = 0;
  REQUIRE(profile.size() >= (i + 1) * sizeof value);
  std::memcpy(&value, profile.data() + i * sizeof value, sizeof value);
  return value;
}

bool timer_runs() {
  itimerval timer{};
  REQUIRE(::getitimer(ITIMER_PROF, &timer) == 0);
  return timer.it_interval.tv_sec != 0 || timer.it_interval.tv_usec != 0;
}

TEST_CASE("a CPU profile has pprof's form, and there is one at a time", "[nsqd][http]") {
  CHECK_FALSE(timer_runs());
  for (int round = 0; round < 2; ++round) {
    CAPTURE(round);
    auto profile = CpuProfile::start();
    REQUIRE(profile);
    CHECK(timer_runs());
    const auto second = CpuProfile::start();
    REQUIRE_FALSE(second);
    CHECK(second.error().code == nsq::Errc::rejected);
    const auto samples = (*profile)->finish();
    REQUIRE(samples);
    CHECK_FALSE(timer_runs());
    CHECK(word(*samples, 0) == 0);
    CHECK(word(*samples, 1) == 3);  // words of the header behind this one
    CHECK(word(*samples, 2) == 0);
    CHECK(word(*samples, 3) == 10'000);            // microseconds
    CHECK(samples->contains("unit_nsqd_http\n"));  // in the list of mappings
  }
}

TEST_CASE("a CPU profile that is given up leaves nothing behind", "[nsqd][http]") {
  REQUIRE(CpuProfile::start());
  CHECK_FALSE(timer_runs());
  CHECK(CpuProfile::start());
}

}  // namespace
}  // namespace nsqd
