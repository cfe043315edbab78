#include "clients/tools/nsq_bench/procfs.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

using namespace nsq::bench;

TEST_CASE("CPU ticks are found behind a name with spaces and parentheses", "[nsq_bench][procfs]") {
  CHECK(parse_stat_ticks("42 (a ) (b) R 1 2 3 4 5 6 7 8 9 10 1100 34 7 8 20 0 4 0 1 2 3") == 1134);
  CHECK(parse_stat_ticks("42 (nsqd) S 1 2 3") == std::nullopt);
  CHECK(parse_stat_ticks("") == std::nullopt);
}

TEST_CASE("status values are found by their whole name", "[nsq_bench][procfs]") {
  const auto* status = "Name:\tnsqd\nXVmRSS:\t 1 kB\nVmHWM:\t    2000 kB\nVmRSS:\t 1024 kB\n";
  CHECK(parse_status_bytes(status, "VmRSS:") == 1024u * 1024u);
  CHECK(parse_status_bytes(status, "VmHWM:") == 2000u * 1024u);
  CHECK(parse_status_bytes(status, "VmSwap:") == std::nullopt);
}

TEST_CASE("this very process can be sampled", "[nsq_bench][procfs]") {
  const auto sample = sample_process(getpid());
  REQUIRE(sample.has_value());
  CHECK(sample->resident_bytes > 0);
  CHECK(sample->peak_bytes >= sample->resident_bytes);
  CHECK_FALSE(sample_process(0).has_value());
}
