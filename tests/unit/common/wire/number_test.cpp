#include "common/wire/number.hpp"

#include <string>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

using namespace nsq;
using nsq::wire::parse_decimal;

TEST_CASE("a decimal parameter is digits only, modulo 2^64", "[wire][number]") {
  const auto [text, value] = GENERATE(table<std::string, std::uint64_t>({
      {"", 0},
      {"0", 0},
      {"1", 1},
      {"007", 7},
      {"2500", 2500},
      {"18446744073709551615", UINT64_MAX},
      {"18446744073709551616", 0},
      {"18446744073709551617", 1},
      {"000000000000000000000000000000042", 42},
  }));
  CAPTURE(text);
  const auto number = parse_decimal(text);
  REQUIRE(number.has_value());
  CHECK(*number == value);
}

TEST_CASE("signs, dots, letters and spaces are not numbers", "[wire][number]") {
  const std::string text = GENERATE(as<std::string>(), "-1", "+1", "1.0", "0x10", "1e3", " 1", "1 ",
                                    "1 2", "a", "/", ":", "\xb1", "1\r", std::string("1\0", 2));
  CAPTURE(text);
  const auto number = parse_decimal(text);
  REQUIRE_FALSE(number.has_value());
  CHECK(number.error().code == Errc::bad_number);
}

TEST_CASE("reading a printed number gives it back", "[wire][number]") {
  rc::prop("parse ∘ print = id", [](std::uint64_t number) {
    RC_ASSERT(parse_decimal(std::to_string(number)).value() == number);
  });
}
