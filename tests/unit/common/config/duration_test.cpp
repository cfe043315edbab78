#include <rapidcheck.h>

#include <cstdint>
#include <limits>

#include <catch2/catch.hpp>

#include "common/config/values.hpp"

using namespace nsq;
using namespace nsq::config;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

}  // namespace

TEST_CASE("a duration is one or more numbers with units", "[config][duration]") {
  const auto [text, nanos] = GENERATE(table<std::string, std::int64_t>({
      {"0", 0},
      {"+0", 0},
      {"-0", 0},
      {"0s", 0},
      {"250ms", kSecond / 4},
      {"1m30s", 90 * kSecond},
      {"1.5h", 5400 * kSecond},
      {"1h15m30.5s", 4530 * kSecond + kSecond / 2},
      {"-1ms", -1'000'000},
      {"-1ns", -1},
      {"+5s", 5 * kSecond},
      {".5s", kSecond / 2},
      {"5.s", 5 * kSecond},
      {"7us", 7000},
      {"7\u00b5s", 7000},
      {"7\u03bcs", 7000},
      {"1s1s", 2 * kSecond},
      {"0.3333333333333333333h", 1200 * kSecond},
      {"0.100000000000000000000h", 360 * kSecond},
      {"0.830103483285477580700h", 2988 * kSecond + 372'539'827},
      {"9223372036854775807ns", 9223372036854775807},
      {"-9223372036854775808ns", std::numeric_limits<std::int64_t>::min()},
  }));
  CAPTURE(text);
  const auto parsed = parse_duration(text);
  REQUIRE(parsed.has_value());
  CHECK(parsed->count() == nanos);
}

TEST_CASE("what is not a duration says why", "[config][duration]") {
  const auto [text, why] = GENERATE(table<std::string, std::string>({
      {"", R"(time: invalid duration "")"},
      {"-", R"(time: invalid duration "-")"},
      {"zz", R"(time: invalid duration "zz")"},
      {".s", R"(time: invalid duration ".s")"},
      {"60", R"(time: missing unit in duration "60")"},
      {"1m30", R"(time: missing unit in duration "1m30")"},
      {"00", R"(time: missing unit in duration "00")"},
      {"1.5", R"(time: missing unit in duration "1.5")"},
      {"1d", R"(time: unknown unit "d" in duration "1d")"},
      {"1 s", R"(time: unknown unit " s" in duration "1 s")"},
      {"9223372036854775808ns", R"(time: invalid duration "9223372036854775808ns")"},
      {"3000000h", R"(time: invalid duration "3000000h")"},
      {"99999999999999999999s", R"(time: invalid duration "99999999999999999999s")"},
      {"2000000h2000000h", R"(time: invalid duration "2000000h2000000h")"},
  }));
  CAPTURE(text);
  const auto parsed = parse_duration(text);
  REQUIRE_FALSE(parsed.has_value());
  CHECK(parsed.error().code == Errc::bad_number);
  CHECK(parsed.error().text() == why);
}

TEST_CASE("a duration is written as Go writes it", "[config][duration]") {
  const auto [nanos, text] = GENERATE(table<std::int64_t, std::string>({
      {0, "0s"},
      {1, "1ns"},
      {1100, "1.1\u00b5s"},
      {2'200'000, "2.2ms"},
      {kSecond / 4, "250ms"},
      {kSecond, "1s"},
      {3 * kSecond + 300'000'000, "3.3s"},
      {60 * kSecond, "1m0s"},
      {245 * kSecond + 1'000'000, "4m5.001s"},
      {3600 * kSecond, "1h0m0s"},
      {-90 * kSecond, "-1m30s"},
      {std::numeric_limits<std::int64_t>::max(), "2562047h47m16.854775807s"},
      {std::numeric_limits<std::int64_t>::min(), "-2562047h47m16.854775808s"},
  }));
  CHECK(format_duration(Nanoseconds{nanos}) == text);
}

TEST_CASE("every duration reads back as it was written", "[config][duration]") {
  CHECK(rc::check([](std::int64_t nanos) {
    // Wide and narrow ones alike.
    for (const auto value : {nanos, nanos / 1'000'003, nanos % 10'000'000}) {
      const auto parsed = parse_duration(format_duration(Nanoseconds{value}));
      RC_ASSERT(parsed.has_value());
      RC_ASSERT(parsed->count() == value);
    }
  }));
}
