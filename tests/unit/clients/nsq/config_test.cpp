#include "clients/nsq/config.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace nsq;
using namespace nsq::client;

namespace {

std::string error_of(const Result<void>& result) {
  return result ? "" : result.error().context;
}

std::string freeze_error(const Config& config) {
  auto options = config.freeze();
  return options ? "" : options.error().context;
}

}  // namespace

TEST_CASE("every option of the table is taken by name", "[client][config]") {
  Config config;
  const std::vector<std::pair<std::string, std::string>> texts{
      {"dial_timeout", "2s"},
      {"read_timeout", "5m"},
      {"write_timeout", "100ms"},
      {"local_addr", "[::1]:0"},
      {"lookupd_poll_interval", "10ms"},
      {"lookupd_poll_jitter", "0.5"},
      {"lookupd_poll_timeout", "1s"},
      {"max_requeue_delay", "60m"},
      {"default_requeue_delay", "0"},
      {"backoff_strategy", "full_jitter"},
      {"max_backoff_duration", "0s"},
      {"backoff_multiplier", "1h"},
      {"max_attempts", "65535"},
      {"low_rdy_idle_timeout", "1s"},
      {"low_rdy_timeout", "5m"},
      {"rdy_redistribute_interval", "1ms"},
      {"client_id", "a"},
      {"hostname", "b"},
      {"user_agent", "c"},
      {"heartbeat_interval", "-1ms"},
      {"sample_rate", "99"},
      {"tls_v1", "true"},
      {"tls_root_ca_file", "ca.pem"},
      {"tls_cert", "cert.pem"},
      {"tls_key", "key.pem"},
      {"tls_insecure_skip_verify", "1"},
      {"tls_min_version", "tls1.3"},
      {"deflate", "t"},
      {"deflate_level", "9"},
      {"snappy", "true"},
      {"output_buffer_size", "-1"},
      {"output_buffer_timeout", "-1ms"},
      {"max_in_flight", "0"},
      {"msg_timeout", "15m"},
      {"auth_secret", "s"},
      {"skip_lookupd_authorization", "false"},
  };
  for (const auto& [key, text] : texts) {
    CAPTURE(key);
    CHECK(error_of(config.set(key, text)) == "");
  }
  CHECK(config.values.dial_timeout == Seconds(2));
  CHECK(config.values.local_addr == "[::1]:0");
  CHECK(config.values.max_attempts == 65535);
  CHECK(config.values.backoff_strategy == BackoffStrategy::full_jitter);
  CHECK(config.values.tls_min_version == TlsVersion::tls1_3);
  CHECK_FALSE(config.values.heartbeats());
}

TEST_CASE("a refused option says which, why and which bound", "[client][config]") {
  using Row = std::tuple<std::string, std::string, std::string>;
  const auto [key, text, error] = GENERATE(table<std::string, std::string, std::string>({
      Row{"foo", "1", "invalid option foo"},
      Row{"fo-o", "1", "invalid option fo_o"},
      Row{"max_backoff_duration", "2h", "invalid max_backoff_duration ! 2h0m0s > 1h0m0s"},
      Row{"read_timeout", "99ms", "invalid read_timeout ! 99ms < 100ms"},
      Row{"lookupd_poll_jitter", "1.5", "invalid lookupd_poll_jitter ! 1.5 > 1"},
      Row{"max_attempts", "65536", "invalid max_attempts ! 65536 > 65535"},
      Row{"sample_rate", "4294967297", "invalid sample_rate ! 4294967297 > 99"},
      Row{"max_in_flight", "-1", "invalid max_in_flight ! -1 < 0"},
      Row{"lookupd_poll_interval", "100",
          "failed to coerce option lookupd_poll_interval (100) - time: missing unit in duration "
          "\"100\""},
      Row{"max_in_flight", "x",
          "failed to coerce option max_in_flight (x) - strconv.ParseInt: parsing \"x\": invalid "
          "syntax"},
      Row{"snappy", "maybe",
          "failed to coerce option snappy (maybe) - strconv.ParseBool: parsing \"maybe\": invalid "
          "syntax"},
  }));
  Config config;
  CHECK(error_of(config.set(key, text)) == error);
}

TEST_CASE("an unknown strategy is refused, an empty one is exponential", "[client][config]") {
  Config config;
  CHECK_FALSE(config.set("backoff_strategy", "foo").has_value());
  CHECK(config.set("backoff_strategy", "").has_value());
}

TEST_CASE("key,value is split at the first comma, a lone key is true", "[client][config]") {
  Config config;
  REQUIRE(config.set_pair("local-addr,[::1]:0").has_value());
  CHECK(config.values.local_addr == "[::1]:0");
  REQUIRE(config.set_pair("client_id,a,b").has_value());
  CHECK(config.values.client_id == "a,b");
  REQUIRE(config.set_pair("snappy").has_value());
  CHECK(config.values.snappy);
  CHECK_FALSE(config.set_pair("max_in_flight").has_value());
}

TEST_CASE("a number for a duration means milliseconds", "[client][config]") {
  Config config;
  REQUIRE(config.set("msg_timeout", std::int64_t{1500}).has_value());
  CHECK(config.values.msg_timeout == Milliseconds(1500));
}

TEST_CASE("options are checked against each other", "[client][config]") {
  Config config;
  CHECK(freeze_error(config) == "");
  SECTION("a heartbeat above the read timeout") {
    REQUIRE(config.set("heartbeat_interval", "120s").has_value());
    CHECK(freeze_error(config) == "HeartbeatInterval 2m0s must be less than ReadTimeout 1m0s");
    REQUIRE(config.set("heartbeat_interval", "60s").has_value());
    CHECK(freeze_error(config) == "");
  }
  SECTION("both compressions") {
    config.values.snappy = config.values.deflate = true;
    CHECK(freeze_error(config) == "cannot enable both deflate and snappy compression");
  }
  SECTION("a field that was set directly") {
    config.values.max_in_flight = -1;
    CHECK(freeze_error(config) == "invalid MaxInFlight ! -1 < 0");
  }
  SECTION("files for TLS, which nsqlookupds may need where nsqds do not") {
    config.values.tls_root_ca_file = "/nowhere/ca.pem";
    CHECK(freeze_error(config) == "open /nowhere/ca.pem: no such file or directory");
    config.values.tls_cert = "/nowhere/cert.pem";
    CHECK(freeze_error(config) == "tls_cert and tls_key go together");
  }
  SECTION("what every server refuses") {
    config.values.heartbeat_interval = Milliseconds(100);
    CHECK(freeze_error(config) == "invalid heartbeat_interval ! 100ms < 1s");
  }
}

TEST_CASE("what is not there yet is refused, not ignored", "[client][config]") {
  const std::string key = GENERATE("touch_while_handling");
  Config config;
  REQUIRE(config.set(key, true).has_value());
  CHECK(freeze_error(config) == key + " is not supported yet");
}
