#include <functional>
#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include "nsqd/options/options.hpp"

using namespace nsqd;

namespace {

// The reason for which `change` of the defaults is refused, empty if it is not.
std::string reason(const std::function<void(Options&)>& change) {
  Options options;
  change(options);
  const auto valid = validate(options);
  return valid ? "" : valid.error().text();
}

}  // namespace

TEST_CASE("the defaults are valid", "[options][validate]") {
  Options options = default_options();
  CHECK(validate(options).has_value());
}

TEST_CASE("the deflate level and the node id have limits", "[options][validate]") {
  const std::string level = "--max-deflate-level must be [1,9]";
  CHECK(reason([](Options& o) { o.max_deflate_level = 0; }) == level);
  CHECK(reason([](Options& o) { o.max_deflate_level = 1; }).empty());
  CHECK(reason([](Options& o) { o.max_deflate_level = 9; }).empty());
  CHECK(reason([](Options& o) { o.max_deflate_level = 10; }) == level);
  const std::string id = "--node-id must be [0,1024)";
  CHECK(reason([](Options& o) { o.node_id = -1; }) == id);
  CHECK(reason([](Options& o) { o.node_id = 0; }).empty());
  CHECK(reason([](Options& o) { o.node_id = 1023; }).empty());
  CHECK(reason([](Options& o) { o.node_id = 1024; }) == id);
}

TEST_CASE("TLS that cannot be given is refused, not ignored", "[options][validate]") {
  const std::string required = "cannot require TLS client connections without TLS key and cert";
  CHECK(reason([](Options& o) { o.tls_cert = "/no/c.pem"; }) ==
        "failed to build TLS config - open /no/c.pem: no such file or directory");
  CHECK(reason([](Options& o) { o.tls_key = "k.pem"; }) ==
        "failed to build TLS config - open : no such file or directory");
  CHECK(reason([](Options& o) { o.tls_root_ca_file = "/no/ca.pem"; }) ==
        "failed to build client TLS config - open /no/ca.pem: no such file or directory");
  CHECK(reason([](Options& o) { o.tls_root_ca_file = "/dev/null"; }) ==
        "failed to build client TLS config - failed to append certificate to pool");
  CHECK(reason([](Options& o) { o.tls_required = TlsRequired::yes; }) == required);
  CHECK(reason([](Options& o) { o.tls_required = TlsRequired::except_http; }) == required);
}

TEST_CASE("a client-auth policy requires TLS but keeps tcp-https", "[options][validate]") {
  Options options;
  options.tls_client_auth_policy = GENERATE(as<std::string>{}, "require", "other");
  SECTION("from no") {
    CHECK_FALSE(validate(options).has_value());
    CHECK(options.tls_required == TlsRequired::yes);
  }
  SECTION("from tcp-https") {
    options.tls_required = TlsRequired::except_http;
    CHECK_FALSE(validate(options).has_value());
    CHECK(options.tls_required == TlsRequired::except_http);
  }
}

TEST_CASE("auth servers are asked by get or post", "[options][validate]") {
  const std::string method = "--auth-http-request-method must be post or get";
  CHECK(reason([](Options& o) { o.auth_http_request_method = "PUT"; }) == method);
  CHECK(reason([](Options& o) { o.auth_http_request_method = "GET"; }) == method);
  CHECK(reason([](Options& o) { o.auth_http_request_method = "post"; }).empty());
}

TEST_CASE("percentiles lie in (0,1]", "[options][validate]") {
  const auto with = [](double percentile) {
    return reason([=](Options& o) { o.e2e_processing_latency_percentiles = {0.5, percentile}; });
  };
  CHECK(with(0) == "invalid E2E processing latency percentile: 0");
  CHECK(with(1.5) == "invalid E2E processing latency percentile: 1.5");
  CHECK(with(-0.1) == "invalid E2E processing latency percentile: -0.1");
  CHECK_FALSE(with(std::numeric_limits<double>::quiet_NaN()).empty());
  CHECK(with(1).empty());
}

TEST_CASE("the checks come in upstream's order", "[options][validate]") {
  Options options;
  options.mem_queue_size = -1;
  options.e2e_processing_latency_percentiles = {2};
  options.auth_http_request_method = "PUT";
  options.tls_required = TlsRequired::yes;
  options.node_id = 9999;
  options.max_deflate_level = 0;
  const auto next = [&options] { return validate(options).error().text(); };
  CHECK(next().starts_with("--max-deflate-level"));
  options.max_deflate_level = 6;
  CHECK(next().starts_with("--node-id"));
  options.node_id = 1;
  CHECK(next().starts_with("cannot require TLS"));
  options.tls_required = TlsRequired::no;
  CHECK(next().starts_with("--auth-http-request-method"));
  options.auth_http_request_method = "get";
  CHECK(next().starts_with("invalid E2E"));
  options.e2e_processing_latency_percentiles.clear();
  CHECK(next() == "--mem-queue-size must not be negative");
}

TEST_CASE("sizes and durations that make no sense are refused", "[options][validate]") {
  using nsq::Nanoseconds;
  CHECK(reason([](Options& o) { o.max_msg_size = 0; }) == "--max-msg-size must be [1,209715200]");
  CHECK(reason([](Options& o) { o.max_body_size = -1; }) ==
        "--max-body-size must be [1,209715200]");
  CHECK(reason([](Options& o) { o.msg_timeout = Nanoseconds{0}; }) ==
        "--msg-timeout must be positive");
  CHECK(reason([](Options& o) { o.max_msg_timeout = Nanoseconds{-1}; }) ==
        "--max-msg-timeout must be positive");
  CHECK(reason([](Options& o) { o.output_buffer_timeout = Nanoseconds{-1}; }) ==
        "--output-buffer-timeout must not be negative");
  CHECK(reason([](Options& o) { o.broadcast_tcp_port = 65536; }) ==
        "--broadcast-tcp-port must be [0,65535]");
  CHECK(reason([](Options& o) { o.io_threads = -1; }) == "--io-threads must be [0,1024]");
}

TEST_CASE("a duration of zero may mean off or at once", "[options][validate]") {
  CHECK(reason([](Options& o) {
          o.output_buffer_timeout = nsq::Nanoseconds{0};
          o.sync_timeout = nsq::Nanoseconds{0};
          o.statsd_interval = nsq::Nanoseconds{0};
          o.http_client_connect_timeout = nsq::Nanoseconds{0};
          o.mem_queue_size = 0;
        }).empty());
}

TEST_CASE("statsd needs an interval, and only statsd", "[options][validate]") {
  Options options;
  options.statsd_interval = nsq::Nanoseconds{0};
  CHECK(validate(options).has_value());
  options.statsd_address = "127.0.0.1:8125";
  REQUIRE_FALSE(validate(options).has_value());
  CHECK(validate(options).error().text() == "--statsd-interval must be positive");
}
