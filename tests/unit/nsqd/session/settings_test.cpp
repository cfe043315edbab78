#include "nsqd/session/settings.hpp"

#include <limits>

#include <catch2/catch.hpp>

using namespace nsqd;
using nsq::Milliseconds;
using nsq::wire::IdentifyRequest;

namespace {

const Options kOptions;

/// What is told about this request, "" when it is granted.
std::string refusal(const IdentifyRequest& request) {
  const auto result = negotiate(request, default_settings(kOptions), kOptions);
  return result ? "" : result.error().text();
}

}  // namespace

TEST_CASE("fields that are left out keep the defaults", "[session][settings]") {
  const auto result = negotiate({}, default_settings(kOptions), kOptions);
  REQUIRE(result.has_value());
  CHECK(result->settings.heartbeat_interval == Milliseconds(30'000));
  CHECK(result->settings.msg_timeout == Milliseconds(60'000));
  CHECK(result->settings.output_buffer_timeout == Milliseconds(250));
  CHECK(result->settings.output_buffer_size == 16'384);
  CHECK(result->settings.sample_rate == 0);
  const auto& response = result->response;
  CHECK(response.max_rdy_count == 2500);
  CHECK(response.max_msg_timeout == 900'000);
  CHECK(response.msg_timeout == 60'000);
  CHECK(response.output_buffer_size == 16'384);
  CHECK(response.output_buffer_timeout == 250);
  CHECK(response.max_deflate_level == 6);
  CHECK(response.deflate_level == 6);
  CHECK_FALSE(response.tls_v1);
  CHECK_FALSE(response.snappy);
  CHECK_FALSE(response.deflate);
  CHECK_FALSE(response.auth_required);
  CHECK_FALSE(response.version.empty());
}

TEST_CASE("numbers within their limits are granted, both ends included", "[session][settings]") {
  using Field = std::int64_t IdentifyRequest::*;
  struct Row {
    Field field;
    std::int64_t value;
  };
  const auto row = GENERATE(values<Row>({
      {&IdentifyRequest::heartbeat_interval, 1000},
      {&IdentifyRequest::heartbeat_interval, 60'000},
      {&IdentifyRequest::heartbeat_interval, -1},
      {&IdentifyRequest::output_buffer_timeout, 25},
      {&IdentifyRequest::output_buffer_timeout, 30'000},
      {&IdentifyRequest::output_buffer_timeout, -1},
      {&IdentifyRequest::output_buffer_size, 64},
      {&IdentifyRequest::output_buffer_size, 65'536},
      {&IdentifyRequest::output_buffer_size, -1},
      {&IdentifyRequest::msg_timeout, 1000},
      {&IdentifyRequest::msg_timeout, 900'000},
  }));
  IdentifyRequest request;
  request.*row.field = row.value;
  CAPTURE(row.value);
  CHECK(refusal(request).empty());
}

TEST_CASE("numbers outside their limits are refused by name", "[session][settings]") {
  using Field = std::int64_t IdentifyRequest::*;
  struct Row {
    Field field;
    std::int64_t value;
    const char* name;
  };
  constexpr auto kHuge = std::numeric_limits<std::int64_t>::max();
  const auto row = GENERATE_COPY(values<Row>({
      {&IdentifyRequest::heartbeat_interval, 999, "heartbeat interval"},
      {&IdentifyRequest::heartbeat_interval, 60'001, "heartbeat interval"},
      {&IdentifyRequest::heartbeat_interval, -2, "heartbeat interval"},
      {&IdentifyRequest::heartbeat_interval, kHuge, "heartbeat interval"},
      {&IdentifyRequest::output_buffer_timeout, 24, "output buffer timeout"},
      {&IdentifyRequest::output_buffer_timeout, 30'001, "output buffer timeout"},
      {&IdentifyRequest::output_buffer_timeout, -2, "output buffer timeout"},
      {&IdentifyRequest::output_buffer_size, 63, "output buffer size"},
      {&IdentifyRequest::output_buffer_size, 65'537, "output buffer size"},
      {&IdentifyRequest::output_buffer_size, -2, "output buffer size"},
      {&IdentifyRequest::msg_timeout, 999, "msg timeout"},
      {&IdentifyRequest::msg_timeout, 900'001, "msg timeout"},
      {&IdentifyRequest::msg_timeout, -1, "msg timeout"},
  }));
  IdentifyRequest request;
  request.*row.field = row.value;
  CHECK(refusal(request) == std::string("E_BAD_BODY IDENTIFY ") + row.name + " (" +
                                std::to_string(row.value) + ") is invalid");
}

TEST_CASE("a sample rate is 0 to 99", "[session][settings]") {
  IdentifyRequest request;
  request.sample_rate = 99;
  const auto granted = negotiate(request, default_settings(kOptions), kOptions);
  REQUIRE(granted.has_value());
  CHECK(granted->settings.sample_rate == 99);
  CHECK(granted->response.sample_rate == 99);
  request.sample_rate = 100;
  CHECK(refusal(request) == "E_BAD_BODY IDENTIFY sample rate (100) is invalid");
  request.sample_rate = -1;
  CHECK(refusal(request) == "E_BAD_BODY IDENTIFY sample rate (-1) is invalid");
}

TEST_CASE("of several invalid fields the first of a fixed order is told", "[session][settings]") {
  IdentifyRequest request;
  request.heartbeat_interval = 1;
  request.output_buffer_timeout = 1;
  request.output_buffer_size = 1;
  request.sample_rate = 100;
  request.msg_timeout = 1;
  CHECK(refusal(request) == "E_BAD_BODY IDENTIFY heartbeat interval (1) is invalid");
  request.heartbeat_interval = 0;
  CHECK(refusal(request) == "E_BAD_BODY IDENTIFY output buffer timeout (1) is invalid");
  request.output_buffer_timeout = 0;
  CHECK(refusal(request) == "E_BAD_BODY IDENTIFY output buffer size (1) is invalid");
  request.output_buffer_size = 0;
  CHECK(refusal(request) == "E_BAD_BODY IDENTIFY sample rate (100) is invalid");
  request.sample_rate = 0;
  CHECK(refusal(request) == "E_BAD_BODY IDENTIFY msg timeout (1) is invalid");
}

TEST_CASE("minus one turns a field off", "[session][settings]") {
  IdentifyRequest request;
  request.heartbeat_interval = -1;
  request.output_buffer_size = -1;
  request.output_buffer_timeout = 1000;
  const auto result = negotiate(request, default_settings(kOptions), kOptions);
  REQUIRE(result.has_value());
  CHECK(result->settings.heartbeat_interval == nsq::Nanoseconds::zero());
  CHECK(result->settings.output_buffer_size == 1);
  CHECK(result->settings.output_buffer_timeout == nsq::Nanoseconds::zero());
  CHECK(result->response.output_buffer_size == 1);
  CHECK(result->response.output_buffer_timeout == 0);
}

TEST_CASE("limits come from the options", "[session][settings]") {
  Options options;
  options.max_heartbeat_interval = nsq::Seconds(300);
  options.max_msg_timeout = nsq::Seconds(5);
  options.max_rdy_count = 50;
  options.max_deflate_level = 3;
  options.topology_zone = "z";
  IdentifyRequest request;
  request.heartbeat_interval = 300'000;
  const auto result = negotiate(request, default_settings(options), options);
  REQUIRE(result.has_value());
  CHECK(result->response.max_rdy_count == 50);
  CHECK(result->response.deflate_level == 3);
  CHECK(result->response.topology_zone == "z");
  CHECK(result->response.max_msg_timeout == 5000);
  request.heartbeat_interval = 300'001;
  CHECK_FALSE(negotiate(request, default_settings(options), options).has_value());
  request.heartbeat_interval = 0;
  request.msg_timeout = 5001;
  CHECK_FALSE(negotiate(request, default_settings(options), options).has_value());
}

TEST_CASE("what was settled before stays where a field is left out", "[session][settings]") {
  IdentifyRequest first;
  first.heartbeat_interval = 5000;
  first.msg_timeout = 2000;
  const auto before = negotiate(first, default_settings(kOptions), kOptions);
  const auto after = negotiate({}, before.value().settings, kOptions);
  CHECK(after.value().settings.heartbeat_interval == Milliseconds(5000));
  CHECK(after.value().settings.msg_timeout == Milliseconds(2000));
}

TEST_CASE("5.15 a client is as near as its IDENTIFY says, if the experiment is enabled",
          "[session][settings][topology]") {
  Options options;
  options.topology_region = "r";
  options.topology_zone = "z";
  IdentifyRequest request;
  request.topology_region = "r";
  request.topology_zone = "z";
  CHECK(locality_of(request, options) == Locality::elsewhere);
  options.enable_experiment = {"something", "topology-aware-consumption"};
  CHECK(locality_of(request, options) == Locality::zone);
  request.topology_region = "x";  // compared independently
  CHECK(locality_of(request, options) == Locality::zone);
  request.topology_region = "r";
  request.topology_zone = "";
  CHECK(locality_of(request, options) == Locality::region);
  options.topology_zone = "";  // two empty texts are equal
  CHECK(locality_of(request, options) == Locality::zone);
  CHECK(locality_of({}, Options{options}) == Locality::zone);
}
