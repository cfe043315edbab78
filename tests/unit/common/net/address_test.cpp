#include "common/net/address.hpp"

#include <catch2/catch.hpp>

namespace nsq::net {
namespace {

TEST_CASE("what splits as host:port is a TCP address", "[net][address]") {
  struct Row {
    std::string text, host;
    std::uint16_t port;
    std::string printed;
  };
  const auto row = GENERATE(values<Row>({
      {"127.0.0.1:4150", "127.0.0.1", 4150, "127.0.0.1:4150"},
      {":4150", "", 4150, ":4150"},
      {"0.0.0.0:0", "0.0.0.0", 0, "0.0.0.0:0"},
      {"[::1]:4150", "::1", 4150, "[::1]:4150"},
      {"[::]:65535", "::", 65535, "[::]:65535"},
      {"localhost:", "localhost", 0, "localhost:0"},
      {"nsq.example:4161", "nsq.example", 4161, "nsq.example:4161"},
  }));
  CAPTURE(row.text);
  const auto address = parse_address(row.text);
  REQUIRE(address.has_value());
  CHECK_FALSE(address->is_unix());
  CHECK(address->host == row.host);
  CHECK(address->port == row.port);
  CHECK(to_string(*address) == row.printed);
}

TEST_CASE("everything else is a unix socket's path", "[net][address]") {
  const auto text = GENERATE(as<std::string>{}, "/run/nsqd.sock", "4150", "localhost", "", "::1",
                             "[::1]", "[::1]4150", "a:b:80");
  CAPTURE(text);
  const auto address = parse_address(text);
  REQUIRE(address.has_value());
  CHECK(address->is_unix());
  CHECK(address->path == text);
  CHECK(to_string(*address) == text);
}

TEST_CASE("a port that is not a number up to 65535 is an error", "[net][address]") {
  const auto text = GENERATE(as<std::string>{}, "h:65536", "h:-1", "h:x", "h:80x", "h: 80");
  CAPTURE(text);
  const auto address = parse_address(text);
  REQUIRE_FALSE(address.has_value());
  CHECK(address.error().code == Errc::bad_address);
  CHECK(address.error().context == "address " + text + ": invalid port");
}

TEST_CASE("splitting says what is wrong", "[net][address]") {
  struct Row {
    std::string text, why;
  };
  const auto row = GENERATE(values<Row>({
      {"host", "missing port in address"},
      {"[::1]", "missing port in address"},
      {"[::1]x:1", "missing port in address"},
      {"[::1:80", "missing ']' in address"},
      {"::1:80", "too many colons in address"},
      {"[::1]:1:2", "too many colons in address"},
      {"a[b:1", "unexpected '[' in address"},
      {"ab]:1", "unexpected ']' in address"},
  }));
  const auto split = split_host_port(row.text);
  REQUIRE_FALSE(split.has_value());
  CHECK(split.error().context == "address " + row.text + ": " + row.why);
}

TEST_CASE("joining puts brackets around IPv6 hosts", "[net][address]") {
  CHECK(join_host_port("::1", 1) == "[::1]:1");
  CHECK(join_host_port("10.0.0.1", 4150) == "10.0.0.1:4150");
}

}  // namespace
}  // namespace nsq::net
