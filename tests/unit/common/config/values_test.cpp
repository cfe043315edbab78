#include "common/config/values.hpp"

#include <limits>
#include <optional>

#include <catch2/catch.hpp>

using namespace nsq;
using namespace nsq::config;

TEST_CASE("an integer is Go's literal in any base", "[config][values]") {
  const auto [text, value] = GENERATE(table<std::string, std::int64_t>({
      {"0", 0},
      {"-0", 0},
      {"10", 10},
      {"+10", 10},
      {"-3", -3},
      {"0x10", 16},
      {"0XfF", 255},
      {"-0x10", -16},
      {"0o17", 15},
      {"017", 15},
      {"0b11", 3},
      {"1_000", 1000},
      {"0x_ff", 255},
      {"0_17", 15},
      {"9223372036854775807", std::numeric_limits<std::int64_t>::max()},
      {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()},
  }));
  CAPTURE(text);
  const auto parsed = parse_int(text);
  REQUIRE(parsed.has_value());
  CHECK(*parsed == value);
}

TEST_CASE("what is not an integer is a parse error", "[config][values]") {
  const auto text = GENERATE(as<std::string>{}, "", "-", "+", "zz", "1.5", "1e3", " 1", "1 ", "0x",
                             "0b2", "08", "_1", "1_", "1__0", "0x_", "--1", "+-1", "1m");
  CAPTURE(text);
  const auto parsed = parse_int(text);
  REQUIRE_FALSE(parsed.has_value());
  CHECK(parsed.error().code == Errc::bad_number);
  CHECK(parsed.error().text() == "parse error");
}

TEST_CASE("an integer of more than 64 bits is out of range", "[config][values]") {
  const auto text = GENERATE(as<std::string>{}, "9223372036854775808", "-9223372036854775809",
                             "99999999999999999999", "0x10000000000000000");
  CAPTURE(text);
  const auto parsed = parse_int(text);
  REQUIRE_FALSE(parsed.has_value());
  CHECK(parsed.error().code == Errc::out_of_range);
  CHECK(parsed.error().text() == "value out of range");
}

TEST_CASE("a boolean has six spellings each way and no other", "[config][values]") {
  for (const auto* text : {"1", "t", "T", "true", "TRUE", "True"})
    CHECK(parse_bool(text).value() == true);
  for (const auto* text : {"0", "f", "F", "false", "FALSE", "False"}) {
    CHECK(parse_bool(text).value() == false);
  }
  for (const auto* text : {"", "yes", "no", "tRUE", "on", "2", " true"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_bool(text).has_value());
  }
}

TEST_CASE("a float is decimal or exponent form", "[config][values]") {
  CHECK(parse_float("0.99").value() == 0.99);
  CHECK(parse_float("1").value() == 1.0);
  CHECK(parse_float("+1.5e2").value() == 150.0);
  CHECK(parse_float("-.5").value() == -0.5);
  for (const auto* text : {"", "x", "1.2.3", "1,2", "+-1", " 1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_float(text).has_value());
  }
  CHECK(parse_float("1e999").error().code == Errc::out_of_range);
}

TEST_CASE("a float is written in its shortest form", "[config][values]") {
  CHECK(format_float(1.0) == "1");
  CHECK(format_float(0.99) == "0.99");
  CHECK(format_float(1.5) == "1.5");
}

TEST_CASE("quoting follows Go's %q", "[config][values]") {
  CHECK(quote("") == R"("")");
  CHECK(quote("a b") == R"("a b")");
  CHECK(quote("a\"b\\c") == R"("a\"b\\c")");
  CHECK(quote("\n\t\r\a") == R"("\n\t\r\a")");
  CHECK(quote(std::string_view("\x00\x01\x7f", 3)) == R"("\x00\x01\x7f")");
  CHECK(quote("\xff") == R"("\xff")");
  CHECK(quote("caf\u00e9 \u65e5") == "\"caf\u00e9 \u65e5\"");
  CHECK(quote("\u0085\ufeff") == R"("\u0085\ufeff")");
  CHECK(quote("\xe6\x97") == R"("\xe6\x97")");          // cut off
  CHECK(quote("\xc0\x80") == R"("\xc0\x80")");          // too long a form
  CHECK(quote("\xed\xa0\x80") == R"("\xed\xa0\x80")");  // a surrogate
}
