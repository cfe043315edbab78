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

TEST_CASE("what connections negotiate is given by the client library's names",
          "[nsq_bench][options]") {
  CHECK_FALSE(parse(Mode::pub, {})->negotiates());
  CHECK(parse(Mode::pub, {})->layers().empty());
  const auto options = parse(
      Mode::pubsub, {"-client-opt=tls_v1", "-client-opt=deflate", "-client-opt=deflate-level,3"});
  REQUIRE(options.has_value());
  CHECK(options->tls());
  CHECK(options->negotiates());
  CHECK(options->layers() == "tls deflate 3");
  CHECK(parse(Mode::sub, {"-client-opt=snappy"})->layers() == "snappy");
  const auto secret = parse(Mode::conns, {"-client-opt=auth_secret,s,t"});
  REQUIRE(secret.has_value());
  CHECK(secret->negotiates());
  CHECK(secret->client.values.auth_secret == "s,t");
}

TEST_CASE("options of the library that have no effect here, or make no sense, are refused",
          "[nsq_bench][options]") {
  const auto [option, why] = GENERATE(table<std::string, std::string>({
      {"max_in_flight,5", "max_in_flight has no effect here"},
      {"output_buffer_size,5", "output_buffer_size has no effect here"},
      {"tls_nothing", "invalid option tls_nothing"},
      {"deflate_level,10", "invalid deflate_level"},
      {"tls_root_ca_file,/nowhere/ca.pem", "open /nowhere/ca.pem: no such file or directory"},
      {"auth_secret,a\r\nb", "auth_secret must be one line"},
  }));
  CAPTURE(option);
  const auto options = parse(Mode::pub, {"-client-opt=" + option});
  REQUIRE_FALSE(options.has_value());
  CHECK(options.error().text().contains(why));
}

TEST_CASE("the HTTP API has an address or a URL", "[nsq_bench][options]") {
  const auto [text, host, https] = GENERATE(table<std::string, std::string, bool>({
      {"h:4151", "h:4151", false},
      {"http://h:4151/", "h:4151", false},
      {"https://h:4152", "h:4152", true},
  }));
  CAPTURE(text);
  const auto options =
      parse(Mode::http, {"-nsqd-http-address=" + text, "-client-opt=auth_secret,s3cret"});
  REQUIRE(options.has_value());
  CHECK(options->https() == https);
  CHECK(options->layers() == (https ? "tls" : ""));
  CHECK(options->http_headers() == "Host: " + host + "\r\nAuthorization: Bearer s3cret\r\n");
}
