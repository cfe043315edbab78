#include "nsqd/options/table.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

using namespace nsqd;
using nsq::config::FlagSet;

namespace {

constexpr std::string_view kHost = "db1.example.com";

struct Row {
  std::string flag;
  std::string key;
  std::string type;
  std::string default_text;
  std::string shown;  // GET /config of the default
};

// spec/nsqd.md 9.1, row by row, and behind it what upstream does not have.
const std::vector<Row> kRows{
    {"version", "", "", "", ""},
    {"config", "", "string", "", ""},
    {"log-level", "log_level", "value", "info", "2"},
    {"log-prefix", "log_prefix", "string", R"("[nsqd] ")", "[nsqd] "},
    {"verbose", "", "", "", ""},
    {"node-id", "id", "int", "377", "377"},
    {"worker-id", "", "", "", ""},
    {"tcp-address", "tcp_address", "string", R"("0.0.0.0:4150")", "0.0.0.0:4150"},
    {"http-address", "http_address", "string", R"("0.0.0.0:4151")", "0.0.0.0:4151"},
    {"https-address", "https_address", "string", R"("0.0.0.0:4152")", "0.0.0.0:4152"},
    {"broadcast-address", "broadcast_address", "string", R"("db1.example.com")", "db1.example.com"},
    {"broadcast-tcp-port", "broadcast_tcp_port", "int", "", "0"},
    {"broadcast-http-port", "broadcast_http_port", "int", "", "0"},
    {"lookupd-tcp-address", "nsqlookupd_tcp_addresses", "value", "", "[]"},
    {"lookupd-tls", "nsqlookupd_tls", "", "", "false"},
    {"auth-http-address", "auth_http_addresses", "value", "", "[]"},
    {"auth-http-request-method", "auth_http_request_method", "string", R"("get")", "get"},
    {"http-client-connect-timeout", "http_client_connect_timeout", "duration", "2s", "2000000000"},
    {"http-client-request-timeout", "http_client_request_timeout", "duration", "5s", "5000000000"},
    {"topology-region", "topology_region", "string", "", ""},
    {"topology-zone", "topology_zone", "string", "", ""},
    {"enable-experiment", "enable_experiment", "value", "", "[]"},
    {"data-path", "data_path", "string", "", ""},
    {"mem-queue-size", "mem_queue_size", "int", "10000", "10000"},
    {"max-bytes-per-file", "max_bytes_per_file", "int", "104857600", "104857600"},
    {"sync-every", "sync_every", "int", "2500", "2500"},
    {"sync-timeout", "sync_timeout", "duration", "2s", "2000000000"},
    {"queue-scan-worker-pool-max", "queue_scan_worker_pool_max", "int", "4", "4"},
    {"queue-scan-selection-count", "queue_scan_selection_count", "int", "20", "20"},
    {"msg-timeout", "msg_timeout", "duration", "1m0s", "60000000000"},
    {"max-msg-timeout", "max_msg_timeout", "duration", "15m0s", "900000000000"},
    {"max-msg-size", "max_msg_size", "int", "1048576", "1048576"},
    {"max-req-timeout", "max_req_timeout", "duration", "1h0m0s", "3600000000000"},
    {"max-body-size", "max_body_size", "int", "5242880", "5242880"},
    {"max-heartbeat-interval", "max_heartbeat_interval", "duration", "1m0s", "60000000000"},
    {"max-rdy-count", "max_rdy_count", "int", "2500", "2500"},
    {"max-output-buffer-size", "max_output_buffer_size", "int", "65536", "65536"},
    {"max-output-buffer-timeout", "max_output_buffer_timeout", "duration", "30s", "30000000000"},
    {"min-output-buffer-timeout", "min_output_buffer_timeout", "duration", "25ms", "25000000"},
    {"output-buffer-timeout", "output_buffer_timeout", "duration", "250ms", "250000000"},
    {"max-channel-consumers", "max_channel_consumers", "int", "", "0"},
    {"statsd-address", "statsd_address", "string", "", ""},
    {"statsd-prefix", "statsd_prefix", "string", R"("nsq.%s")", "nsq.%s"},
    {"statsd-interval", "statsd_interval", "duration", "1m0s", "60000000000"},
    {"statsd-mem-stats", "statsd_mem_stats", "", "true", "true"},
    {"statsd-udp-packet-size", "statsd_udp_packet_size", "int", "508", "508"},
    {"statsd-exclude-ephemeral", "statsd_exclude_ephemeral", "", "", "false"},
    {"e2e-processing-latency-percentile", "e2e_processing_latency_percentiles", "value", "", "[]"},
    {"e2e-processing-latency-window-time", "e2e_processing_latency_window_time", "duration",
     "10m0s", "600000000000"},
    {"tls-cert", "tls_cert", "string", "", ""},
    {"tls-key", "tls_key", "string", "", ""},
    {"tls-client-auth-policy", "tls_client_auth_policy", "string", "", ""},
    {"tls-root-ca-file", "tls_root_ca_file", "string", "", ""},
    {"tls-required", "tls_required", "", "", "0"},
    {"tls-min-version", "tls_min_version", "value", "tls1.0", "769"},
    {"deflate", "deflate", "", "true", "true"},
    {"max-deflate-level", "max_deflate_level", "int", "6", "6"},
    {"snappy", "snappy", "", "true", "true"},
    {"auth-file", "auth_file", "string", "", ""},
    {"io-threads", "io_threads", "int", "", "0"},
    {"log-format", "log_format", "value", "text", "text"},
    {"metrics-per-client", "metrics_per_client", "", "", "false"},
    {"durability", "durability", "value", "disk", "disk"},
    {"mem-queue-bytes", "mem_queue_bytes", "int", "16777216", "16777216"},
    {"max-memory", "max_memory", "int", "536870912", "536870912"},
    {"min-free-disk", "min_free_disk", "int", "268435456", "268435456"},
    {"inspect", "", "string", "", ""},
    {"export-upstream", "", "string", "", ""},
};

struct Table {
  Options options;
  bool version = false;
  FlagSet flags{"nsqd"};

  Table() {
    options.broadcast_address = kHost;
    options.node_id = 377;
    declare(flags, options, version);
  }

  nsq::Result<nsq::config::Parsed> parse(const std::vector<std::string>& args) {
    return flags.parse(args);
  }
};

}  // namespace

TEST_CASE("every option has its flag, its config key, its type and its default", "[options]") {
  Table table;
  const auto rows = table.flags.rows();
  CHECK(rows.size() == kRows.size());
  for (const Row& expected : kRows) {
    CAPTURE(expected.flag);
    const auto row = std::ranges::find_if(
        rows, [&](const auto& candidate) { return candidate.spec.flag == expected.flag; });
    REQUIRE(row != rows.end());
    CHECK(row->spec.key == expected.key);
    CHECK(row->type == expected.type);
    CHECK(row->default_text == expected.default_text);
    CHECK_FALSE(row->spec.help.empty());
    if (!expected.key.empty()) CHECK(show_option(table.options, expected.key) == expected.shown);
  }
}

TEST_CASE("only options with a config key are shown, by that key", "[options][show]") {
  const Options options;
  for (const auto* key : {"verbose", "version", "config", "worker_id", "node_id", "node-id",
                          "lookupd_tcp_address", "inspect", "export_upstream", "", "nope"}) {
    CAPTURE(key);
    CHECK(show_option(options, key) == std::nullopt);
  }
}

TEST_CASE("settings are shown as they are", "[options][show]") {
  Options options;
  options.log_level = nsq::LogLevel::debug;
  options.tls_required = TlsRequired::except_http;
  options.tls_min_version = TlsVersion::tls1_3;
  options.lookupd_tcp_addresses = {"a:1"};
  options.e2e_processing_latency_percentiles = {1, 0.99};
  options.tcp_address = "/run/nsqd.sock";
  CHECK(show_option(options, "log_level") == "1");
  CHECK(show_option(options, "tls_required") == "1");
  CHECK(show_option(options, "tls_min_version") == "772");
  CHECK(show_option(options, "nsqlookupd_tcp_addresses") == R"(["a:1"])");
  CHECK(show_option(options, "e2e_processing_latency_percentiles") == "[1,0.99]");
  CHECK(show_option(options, "tcp_address") == "/run/nsqd.sock");
}

TEST_CASE("tls-required is a boolean or tcp-https, in any case", "[options][tls]") {
  const auto [arg, value] = GENERATE(table<std::string, TlsRequired>({
      {"--tls-required", TlsRequired::yes},
      {"--tls-required=true", TlsRequired::yes},
      {"--tls-required=1", TlsRequired::yes},
      {"--tls-required=T", TlsRequired::yes},
      {"--tls-required=tRuE", TlsRequired::yes},
      {"--tls-required=tcp-https", TlsRequired::except_http},
      {"--tls-required=TCP-HTTPS", TlsRequired::except_http},
      {"--tls-required=false", TlsRequired::no},
      {"--tls-required=F", TlsRequired::no},
  }));
  CAPTURE(arg);
  Table table;
  table.options.tls_required = value == TlsRequired::no ? TlsRequired::yes : TlsRequired::no;
  REQUIRE(table.parse({arg}));
  CHECK(table.options.tls_required == value);
}

TEST_CASE("tls-min-version names a version, empty meaning the default", "[options][tls]") {
  const auto [text, value] = GENERATE(table<std::string, TlsVersion>({
      {"tls1.0", TlsVersion::tls1_0},
      {"TLS1.1", TlsVersion::tls1_1},
      {"tls1.2", TlsVersion::tls1_2},
      {"Tls1.3", TlsVersion::tls1_3},
      {"", TlsVersion::tls1_0},
  }));
  CAPTURE(text);
  Table table;
  REQUIRE(table.parse({"--tls-min-version", text}));
  CHECK(table.options.tls_min_version == value);
}

TEST_CASE("a bad value of an option is named with the option", "[options]") {
  const auto [arg, line] = GENERATE(table<std::string, std::string>({
      {"--msg-timeout=60", R"(invalid value "60" for flag -msg-timeout: parse error)"},
      {"--worker-id=5", R"(invalid boolean value "5" for -worker-id: parse error)"},
      {"--tls-required=maybe", R"(invalid boolean value "maybe" for -tls-required: parse error)"},
      {"--tls-min-version=ssl3.0",
       R"(invalid value "ssl3.0" for flag -tls-min-version: unknown TLS version "ssl3.0")"},
      {"--log-level=warning",
       "invalid value \"warning\" for flag -log-level: invalid log level 'warning' "
       "(debug, info, warn, error, fatal)"},
      {"--e2e-processing-latency-percentile=x",
       R"(invalid value "x" for flag -e2e-processing-latency-percentile: Could not parse: x)"},
  }));
  const auto parsed = Table().parse({arg});
  REQUIRE_FALSE(parsed.has_value());
  CHECK(parsed.error().text() == line);
}

TEST_CASE("upstream's dropped flags are still taken", "[options]") {
  CHECK(Table().parse({"--verbose", "--worker-id", "--verbose=false"}).has_value());
}

TEST_CASE("addresses on the command line are not split, percentiles are", "[options]") {
  Table table;
  REQUIRE(table.parse({"--lookupd-tcp-address=a:1,b:2", "--e2e-processing-latency-percentile=1,0.5",
                       "--e2e-processing-latency-percentile", "0.9"}));
  CHECK(table.options.lookupd_tcp_addresses == std::vector<std::string>{"a:1,b:2"});
  CHECK(table.options.e2e_processing_latency_percentiles == std::vector<double>{1, 0.5, 0.9});
}
