#include "clients/nsq/lookupd_url.hpp"

#include <string>
#include <utility>

#include <catch2/catch.hpp>

using namespace nsq;
using namespace nsq::client;

TEST_CASE("an nsqlookupd address is host:port or a URL", "[client][discovery]") {
  const auto [text, lookup, nodes] = GENERATE(table<std::string, std::string, std::string>({
      {"h:4161", "http://h:4161/lookup", "/nodes"},
      {"http://h:4161", "http://h:4161/lookup", "/nodes"},
      {"http://h:4161/", "http://h:4161/lookup", "/nodes"},
      {"h:4161/lookup", "http://h:4161/lookup", "/nodes"},
      {"http://h:4161?k=v", "http://h:4161/lookup?k=v", "/nodes?k=v"},
      {"http://h:4161/a/lookup?k=v&w", "http://h:4161/a/lookup?k=v&w", "/a/nodes?k=v&w"},
      {"http://h:4161/#x", "http://h:4161/lookup", "/nodes"},
      {"[::1]:4161", "http://[::1]:4161/lookup", "/nodes"},
      {":4161", "http://localhost:4161/lookup", "/nodes"},
      {"https://h:4161", "https://h:4161/lookup", "/nodes"},
      {"https://h:443/a/lookup?k=v", "https://h:443/a/lookup?k=v", "/a/nodes?k=v"},
      {"https://[::1]:4161/", "https://[::1]:4161/lookup", "/nodes"},
  }));
  CAPTURE(text);
  const auto url = LookupdUrl::parse(text);
  REQUIRE(url.has_value());
  CHECK(url->text() == lookup);
  CHECK(url->nodes_target() == nodes);
  CHECK(LookupdUrl::parse(url->text()).value() == *url);
}

TEST_CASE("a topic joins the user's query", "[client][discovery]") {
  const auto plain = wire::TopicName::parse("a.b_c-1");
  const auto ephemeral = wire::TopicName::parse("t#ephemeral");
  REQUIRE(plain.has_value());
  REQUIRE(ephemeral.has_value());
  CHECK(LookupdUrl::parse("h:1")->lookup_target(*plain) == "/lookup?topic=a.b_c-1");
  CHECK(LookupdUrl::parse("http://h:1/l?k=v")->lookup_target(*ephemeral) ==
        "/l?k=v&topic=t%23ephemeral");
}

TEST_CASE("what is no address of an nsqlookupd says why", "[client][discovery]") {
  const auto [text, why] = GENERATE(table<std::string, std::string>({
      {"::1:4161", "too many colons in address"},
      {"h:x", "invalid port"},
      {"h:0", "invalid port"},
      {"h:65536", "invalid port"},
      {"https://h:x", "invalid port"},
      {"https://user@h:4161", "a user is not supported"},
      {"ftp://h:4161", "not an http or https address"},
      {"user@h:4161", "a user is not supported"},
      {"h:4161/a b", "invalid character"},
  }));
  const auto url = LookupdUrl::parse(text);
  REQUIRE_FALSE(url.has_value());
  CHECK(url.error().code == Errc::bad_address);
  CHECK(url.error().context == "nsqlookupd address " + text + ": " + why);
}

TEST_CASE("a port is needed", "[client][discovery]") {
  const auto text = GENERATE(as<std::string>(), "", "h", "http://h/lookup", "[::1]", "http://",
                             "https://h", "https://h/lookup", "https://");
  const auto url = LookupdUrl::parse(text);
  REQUIRE_FALSE(url.has_value());
  CHECK(url.error().text() == "missing port");
}

TEST_CASE("the same nsqlookupd over https is another address", "[client][discovery]") {
  const LookupdUrl secure = LookupdUrl::parse("https://h:1").value();
  const LookupdUrl plain = LookupdUrl::parse("h:1").value();
  CHECK(secure.https);
  CHECK_FALSE(plain.https);
  CHECK_FALSE(secure == plain);
}

TEST_CASE("a line end in an address cannot forge a header", "[client][discovery]") {
  CHECK_FALSE(LookupdUrl::parse("h:4161/\r\nX: y").has_value());
}
