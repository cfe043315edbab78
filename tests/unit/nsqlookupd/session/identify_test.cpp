#include "nsqlookupd/session/identify.hpp"

#include <catch2/catch.hpp>

using namespace nsqlookupd;

TEST_CASE("IDENTIFY says who a peer is", "[session][identify]") {
  const auto identity = parse_identify(
      R"({"broadcast_address":"::1","hostname":"","tcp_port":-1,"http_port":4151,"version":"1.3.0",)"
      R"("topology_zone":"z","topology_region":"r","remote_address":"forged","more":{"tcp_port":9}})");
  REQUIRE(identity);
  CHECK(*identity == PeerIdentity{.broadcast_address = "::1",
                                  .hostname = "",
                                  .version = "1.3.0",
                                  .topology_zone = "z",
                                  .topology_region = "r",
                                  .tcp_port = -1,
                                  .http_port = 4151});
  CHECK(is_complete(*identity));
}

TEST_CASE("member names match in any letter case, the last one counts", "[session][identify]") {
  const auto identity = parse_identify(R"({"TCP_Port":1,"tcp_port":2,"VERSION":"v"})");
  REQUIRE(identity);
  CHECK(identity->tcp_port == 2);
  CHECK(identity->version == "v");
  CHECK_FALSE(is_complete(*identity));
}

TEST_CASE("members of the wrong type are refused, null is absence", "[session][identify]") {
  for (const char* body :
       {R"({"remote_address":1})", R"({"hostname":{}})", R"({"http_port":true})",
        R"({"http_port":18446744073709551615})", R"({"tcp_port":1e3})", R"({"version":[]})"}) {
    CAPTURE(body);
    const auto identity = parse_identify(body);
    REQUIRE_FALSE(identity);
    CHECK(identity.error().code == nsq::Errc::bad_json);
  }
  CHECK(parse_identify(R"({"hostname":null})"));
}

TEST_CASE("the answer to IDENTIFY", "[session][identify]") {
  CHECK(
      identify_reply(
          {.broadcast_address = "a\"b", .hostname = "h", .tcp_port = 1, .http_port = 2}) ==
      R"({"broadcast_address":"a\"b","hostname":"h","http_port":2,"tcp_port":1,"version":"1.3.0"})");
}
