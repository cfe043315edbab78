#include "clients/tools/nsq_bench/options.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace nsq::bench;
using nsq::Result;
using nsq::Seconds;

namespace {

Result<Options> parse(Mode mode, const std::vector<std::string>& args) {
  Options options;
  options.mode = mode;
  nsq::config::FlagSet flags("nsq_bench");
  declare_flags(flags, options);
  if (auto parsed = flags.parse(args); !parsed) return std::unexpected(parsed.error());
  if (auto ok = flags.check_bounds(); !ok) return std::unexpected(ok.error());
  if (auto ok = validate(options); !ok) return std::unexpected(ok.error());
  return options;
}

}  // namespace

TEST_CASE("a mode's name and its value belong together", "[nsq_bench][options]") {
  for (const auto* name : {"pub", "sub", "pubsub", "conns", "defer", "http", "topics"}) {
    const auto mode = parse_mode(name);
    REQUIRE(mode.has_value());
    CHECK(to_string(*mode) == name);
  }
  CHECK_FALSE(parse_mode("compare").has_value());
}

TEST_CASE("without a number of messages there is a time", "[nsq_bench][options]") {
  const auto timed = parse(Mode::pub, {});
  REQUIRE(timed.has_value());
  CHECK(timed->run_for == Seconds(10));
  const auto counted = parse(Mode::pub, {"-messages=5", "--batch", "200"});
  REQUIRE(counted.has_value());
  CHECK(counted->run_for == nsq::Nanoseconds(0));
  CHECK(counted->batch == 200);
}

TEST_CASE("flags that do not fit are refused", "[nsq_bench][options]") {
  CHECK_FALSE(parse(Mode::pub, {"-size=15"}).has_value());
  CHECK_FALSE(parse(Mode::pub, {"-connections=5000"}).has_value());
  CHECK_FALSE(parse(Mode::pub, {"-rate=-1"}).has_value());
  CHECK_FALSE(parse(Mode::pub, {"-fresh"}).has_value());
  CHECK_FALSE(parse(Mode::pub, {"-rdy=1"}).has_value());
  CHECK_FALSE(parse(Mode::sub, {"-prefill"}).has_value());
  CHECK_FALSE(parse(Mode::defer, {"-delay-min=2s", "-delay-max=1s"}).has_value());
}

TEST_CASE("every mode's flags can be declared together", "[nsq_bench][options]") {
  const auto mode = GENERATE(Mode::pub, Mode::sub, Mode::pubsub, Mode::conns, Mode::defer,
                             Mode::http, Mode::topics);
  CAPTURE(to_string(mode));
  CHECK(parse(mode, {}).has_value());
}

TEST_CASE("channels are named by the user or numbered", "[nsq_bench][options]") {
  CHECK(parse(Mode::sub, {})->consumed_channels() == std::vector<std::string>{"ch"});
  CHECK(parse(Mode::sub, {"-channels=2"})->consumed_channels() ==
        std::vector<std::string>{"ch0", "ch1"});
  CHECK(parse(Mode::sub, {"-channel=a", "-channel=b"})->consumed_channels() ==
        std::vector<std::string>{"a", "b"});
}
