#include "common/config/flag_set.hpp"

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace nsq;
using namespace nsq::config;

namespace {

using Args = std::vector<std::string>;

// One option of each kind.
struct Sample {
  bool gzip = false;
  bool snappy = true;
  std::int64_t size = 200;
  double rate = 0;
  std::string topic;
  std::string prefix = "[x] ";
  Nanoseconds interval = Seconds{30};
  std::vector<std::string> addresses;
  std::vector<double> percentiles;
  std::vector<std::string> opts;
  std::string required = "no";
  FlagSet flags{"sample"};

  Sample() {
    flags.add({.flag = "gzip", .help = "compress"}, gzip);
    flags.add({.flag = "snappy", .help = "use snappy"}, snappy);
    flags.add(
        {.flag = "size", .help = "number", .bounds = {.min = 1, .max = 9, .rule = "be [1,9]"}},
        size);
    flags.add({.flag = "rate", .help = "share", .unit = "share"}, rate);
    flags.add({.flag = "topic", .help = "NSQ topic"}, topic);
    flags.add({.flag = "prefix", .help = "of lines"}, prefix);
    flags.add({.flag = "interval", .help = "between polls", .bounds = kNotNegative}, interval);
    flags.add({.flag = "address", .help = "of nsqd"}, addresses);
    flags.add({.flag = "percentile", .help = "to track"}, percentiles);
    flags.add({.flag = "opt", .help = "of the consumer"},
              Custom{.set = [this](std::string_view text) -> Result<void> {
                if (text.starts_with("bogus")) return fail(Errc::rejected, "invalid option bogus");
                opts.emplace_back(text);
                return {};
              }});
    flags.add({.flag = "required", .help = "of clients"},
              Custom{.set = [this](std::string_view text) -> Result<void> {
                       if (text == "maybe") return fail(Errc::rejected, "parse error");
                       required = text;
                       return {};
                     },
                     .boolean_like = true});
    flags.add({.flag = "x", .help = "short"}, x);
  }

  bool x = false;
};

Args argument_sets(int which) {
  switch (which) {
    case 0:
      return {"-topic=a", "-size=5"};
    case 1:
      return {"--topic=a", "--size=5"};
    case 2:
      return {"-topic", "a", "-size", "5"};
    case 3:
      return {"--topic", "a", "--size", "5"};
    default:
      return {"-topic=z", "-topic=a", "-size=7", "--size", "0b101"};
  }
}

std::string parse_error(const Args& args) {
  Sample sample;
  const auto parsed = sample.flags.parse(args);
  return parsed ? "" : parsed.error().text();
}

}  // namespace

TEST_CASE("one dash or two, with = or a word of its own, and the last one wins",
          "[config][flags]") {
  const auto which = GENERATE(range(0, 5));
  CAPTURE(which);
  Sample sample;
  REQUIRE(sample.flags.parse(argument_sets(which)).value() == Parsed::run);
  CHECK(sample.topic == "a");
  CHECK(sample.size == 5);
  CHECK(sample.flags.given("topic"));
  CHECK_FALSE(sample.flags.given("prefix"));
}

TEST_CASE("every kind reads its value", "[config][flags]") {
  Sample sample;
  REQUIRE(sample.flags.parse(Args{"-rate", "0.5", "-interval", "1m30s", "-prefix", "a=b",
                                  "-address", "a:1,b:2", "-address=c:3", "-percentile=1,0.99",
                                  "-percentile", "0.5", "-opt", "k,v", "-opt=w", "-topic="}));
  CHECK(sample.rate == 0.5);
  CHECK(sample.interval == Seconds{90});
  CHECK(sample.prefix == "a=b");
  CHECK(sample.addresses == Args{"a:1,b:2", "c:3"});
  CHECK(sample.percentiles == std::vector<double>{1, 0.99, 0.5});
  CHECK(sample.opts == Args{"k,v", "w"});
  CHECK(sample.topic.empty());
}

TEST_CASE("a value may look like a flag", "[config][flags]") {
  Sample sample;
  REQUIRE(sample.flags.parse(Args{"-topic", "-gzip", "-size", "-3", "-prefix", "--"}));
  CHECK(sample.topic == "-gzip");
  CHECK(sample.size == -3);
  CHECK(sample.prefix == "--");
  CHECK_FALSE(sample.gzip);
}

TEST_CASE("a boolean takes a value only with =", "[config][flags]") {
  Sample sample;
  SECTION("bare") {
    REQUIRE(sample.flags.parse(Args{"-gzip", "--required", "-snappy=false"}));
    CHECK(sample.gzip);
    CHECK_FALSE(sample.snappy);
    CHECK(sample.required == "true");
    CHECK(sample.flags.positional().empty());
  }
  SECTION("the next word is a positional argument") {
    REQUIRE(sample.flags.parse(Args{"-snappy", "false", "-topic=a"}));
    CHECK(sample.snappy);
    CHECK(sample.topic.empty());
    CHECK(sample.flags.positional() == Args{"false", "-topic=a"});
  }
  SECTION("with =") {
    REQUIRE(sample.flags.parse(Args{"-gzip=T", "-required=tcp-https"}));
    CHECK(sample.gzip);
    CHECK(sample.required == "tcp-https");
  }
}

TEST_CASE("parsing stops at the first positional argument, at - and behind --", "[config][flags]") {
  Sample sample;
  SECTION("a word") {
    REQUIRE(sample.flags.parse(Args{"-topic=a", "stray", "-nope"}));
    CHECK(sample.flags.positional() == Args{"stray", "-nope"});
  }
  SECTION("a lone dash") {
    REQUIRE(sample.flags.parse(Args{"-topic=a", "-", "-nope"}));
    CHECK(sample.flags.positional() == Args{"-", "-nope"});
  }
  SECTION("an empty word") {
    REQUIRE(sample.flags.parse(Args{"-topic=a", "", "-nope"}));
    CHECK(sample.flags.positional() == Args{"", "-nope"});
  }
  SECTION("two dashes") {
    REQUIRE(sample.flags.parse(Args{"-topic=a", "--", "-nope"}));
    CHECK(sample.flags.positional() == Args{"-nope"});
  }
  CHECK(sample.topic == "a");
}

TEST_CASE("a mistake has Go's line", "[config][flags]") {
  const auto [args, line] = GENERATE(table<Args, std::string>({
      {{"-foo"}, "flag provided but not defined: -foo"},
      {{"--foo=1"}, "flag provided but not defined: -foo"},
      {{"-topic=a", "-foo"}, "flag provided but not defined: -foo"},
      {{"-topic"}, "flag needs an argument: -topic"},
      {{"---x"}, "bad flag syntax: ---x"},
      {{"-=x"}, "bad flag syntax: -=x"},
      {{"--=x"}, "bad flag syntax: --=x"},
      {{"-gzip=maybe"}, R"(invalid boolean value "maybe" for -gzip: parse error)"},
      {{"-gzip="}, R"(invalid boolean value "" for -gzip: parse error)"},
      {{"-required=maybe"}, R"(invalid boolean value "maybe" for -required: parse error)"},
      {{"-size", "zz"}, R"(invalid value "zz" for flag -size: parse error)"},
      {{"-size", "99999999999999999999"},
       R"(invalid value "99999999999999999999" for flag -size: value out of range)"},
      {{"-rate", "x"}, R"(invalid value "x" for flag -rate: parse error)"},
      {{"-interval", "zz"}, R"(invalid value "zz" for flag -interval: parse error)"},
      {{"-interval", "60"}, R"(invalid value "60" for flag -interval: parse error)"},
      {{"-opt", "bogus,1"}, R"(invalid value "bogus,1" for flag -opt: invalid option bogus)"},
      {{"-percentile", "1,x"}, R"(invalid value "1,x" for flag -percentile: Could not parse: x)"},
  }));
  CHECK(parse_error(args) == line);
}

TEST_CASE("help is asked for by four spellings, unless -h is an option", "[config][flags]") {
  const auto arg = GENERATE(as<std::string>{}, "-h", "--h", "-help", "--help");
  Sample sample;
  CHECK(sample.flags.parse(Args{arg, "-nope"}).value() == Parsed::help);

  std::string host;
  FlagSet own("own");
  own.add({.flag = "h"}, host);
  REQUIRE(own.parse(Args{"-h", "x"}).value() == Parsed::run);
  CHECK(host == "x");
}

TEST_CASE("the usage lists the options in lexical order with what is not zero", "[config][flags]") {
  const std::string expected =
      "Usage of sample:\n"
      "  -address value\n    \tof nsqd\n"
      "  -gzip\n    \tcompress\n"
      "  -interval duration\n    \tbetween polls (default 30s)\n"
      "  -opt value\n    \tof the consumer\n"
      "  -percentile value\n    \tto track\n"
      "  -prefix string\n    \tof lines (default \"[x] \")\n"
      "  -rate share\n    \tshare\n"
      "  -required\n    \tof clients\n"
      "  -size int\n    \tnumber (default 200)\n"
      "  -snappy\n    \tuse snappy (default true)\n"
      "  -topic string\n    \tNSQ topic\n"
      "  -x\tshort\n";
  Sample sample;
  CHECK(sample.flags.usage() == expected);
  REQUIRE(sample.flags.parse(Args{"-size=3"}));
  CHECK(sample.flags.usage() == expected);  // the default, not the present value
}

TEST_CASE("bounds are checked on request and name the option", "[config][flags]") {
  Sample sample;
  sample.size = 9;
  CHECK(sample.flags.check_bounds().has_value());
  sample.size = 10;
  CHECK(sample.flags.check_bounds("interval").has_value());
  REQUIRE_FALSE(sample.flags.check_bounds("size").has_value());
  CHECK(sample.flags.check_bounds("size").error().text() == "--size must be [1,9]");
  CHECK(sample.flags.check_bounds().error().text() == "--size must be [1,9]");
  sample.size = 1;
  sample.interval = Nanoseconds{-1};
  CHECK(sample.flags.check_bounds().error().text() == "--interval must not be negative");
}

TEST_CASE("a tool answers a bad flag with its line, the usage and status 2", "[config][flags]") {
  struct Case {
    std::vector<const char*> argv;
    std::optional<int> status;
    std::string first_line;
  };
  const auto expected = GENERATE(values<Case>({
      {{"tool", "-topic=a"}, std::nullopt, ""},
      {{"tool", "-nope"}, 2, "flag provided but not defined: -nope\n"},
      {{"tool", "-h"}, 0, ""},
      {{}, std::nullopt, ""},
  }));
  Sample sample;
  std::FILE* err = std::tmpfile();
  REQUIRE(err != nullptr);
  const auto status = parse_for_tool(sample.flags, static_cast<int>(expected.argv.size()),
                                     expected.argv.data(), err);
  std::rewind(err);
  std::array<char, 4096> text{};
  const auto size = std::fread(text.data(), 1, text.size(), err);
  std::fclose(err);
  CHECK(status == expected.status);
  CHECK(std::string(text.data(), size) ==
        (expected.status ? expected.first_line + sample.flags.usage() : ""));
}
