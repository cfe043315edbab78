#include "nsqd/lookup/settings.hpp"

#include <catch2/catch.hpp>

namespace nsqd {
namespace {

using nsq::Milliseconds;
using nsq::Nanoseconds;
using nsq::Seconds;

TEST_CASE("nsqd tells its broadcast address and ports", "[lookup]") {
  Options options;
  options.broadcast_address = "b.example";
  options.broadcast_tcp_port = 1;
  options.broadcast_http_port = 2;
  options.topology_zone = "z";
  options.max_body_size = 99;
  const LookupSettings settings = lookup_settings(options);
  CHECK(settings.identity.broadcast_address == "b.example");
  CHECK(settings.identity.tcp_port == 1);
  CHECK(settings.identity.http_port == 2);
  CHECK(settings.identity.topology_zone == "z");
  CHECK(settings.identity.version == "1.3.0");
  CHECK(settings.max_reply_bytes == 99);
}

TEST_CASE("a new topic never waits long for its channels", "[lookup]") {
  Options options;
  CHECK(lookup_settings(options).longest_preparation() == Seconds(7));
  options.http_client_connect_timeout = Milliseconds(10);
  options.http_client_request_timeout = Nanoseconds(0);  // none
  CHECK(lookup_settings(options).longest_preparation() == Milliseconds(10'010));
  options.http_client_request_timeout = std::chrono::hours(1);
  CHECK(lookup_settings(options).longest_preparation() == Milliseconds(10'010));
}

}  // namespace
}  // namespace nsqd
