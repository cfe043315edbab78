#include "nsqd/options/options.hpp"

#include <catch2/catch.hpp>

using namespace nsqd;

TEST_CASE("the default node id is the CRC-32 of the host name's MD5, modulo 1024", "[options]") {
  CHECK(default_node_id("localhost") == 16);
  CHECK(default_node_id("db1.example.com") == 810);
  CHECK(default_node_id("queue-7") == 427);
  CHECK(default_node_id("") == 812);
}

TEST_CASE("the defaults know this host", "[options]") {
  const Options options = default_options();
  CHECK_FALSE(options.broadcast_address.empty());
  CHECK(options.node_id == default_node_id(options.broadcast_address));
  CHECK(effective_io_threads(options) >= 1);
}

TEST_CASE("io-threads is the number of threads", "[options]") {
  Options options;
  options.io_threads = 3;
  CHECK(effective_io_threads(options) == 3);
}

TEST_CASE("broadcast ports left 0 become the real ones", "[options][effective]") {
  Options options;
  SECTION("left 0") {
    const auto effective = resolve_effective(options, {.tcp = 5150, .http = 5151});
    CHECK(effective.broadcast_tcp_port == 5150);
    CHECK(effective.broadcast_http_port == 5151);
  }
  SECTION("given") {
    options.broadcast_tcp_port = 1;
    options.broadcast_http_port = 2;
    const auto effective = resolve_effective(options, {.tcp = 5150, .http = 5151});
    CHECK(effective.broadcast_tcp_port == 1);
    CHECK(effective.broadcast_http_port == 2);
  }
  SECTION("unix sockets have none") {
    const auto effective = resolve_effective(options, {});
    CHECK(effective.broadcast_tcp_port == 0);
    CHECK(effective.broadcast_http_port == 0);
  }
}

TEST_CASE("the statsd prefix is expanded with the host key", "[options][effective]") {
  const auto [prefix, address, expanded] = GENERATE(table<std::string, std::string, std::string>({
      {"nsq.%s", "db1.example.com", "nsq.db1_example_com_4151."},
      {"nsq.%s.", "db1", "nsq.db1_4151."},
      {"%s.%s", "a", "a_4151.a_4151."},
      {"plain", "a", "plain."},
      {"", "a", ""},
      {"nsq.%s", "::1", "nsq.[__1]_4151."},
      {"%s", "%s", "%s_4151."},
  }));
  CAPTURE(prefix);
  Options options;
  options.statsd_prefix = prefix;
  options.broadcast_address = address;
  const auto effective = resolve_effective(options, {.tcp = 4150, .http = 4151});
  CHECK(effective.statsd_prefix == expanded);
  CHECK(show_option(effective, "statsd_prefix") == expanded);
}
