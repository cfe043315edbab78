#include "nsqd/auth/answer.hpp"

#include <string>

#include <catch2/catch.hpp>

namespace nsqd {
namespace {

std::string answer(const std::string& authorizations, const std::string& ttl = "60") {
  return R"({"ttl":)" + ttl +
         R"(,"identity":"bill","identity_url":"http://b/","authorizations":[)" + authorizations +
         "]}";
}

std::string entry(const std::string& topic, const std::string& channels,
                  const std::string& permissions) {
  return R"({"topic":")" + topic + R"(","channels":[)" + channels + R"(],"permissions":[)" +
         permissions + "]}";
}

bool publishes(const std::string& channels, const std::string& topic,
               const std::string& permissions = R"("publish")") {
  const auto grant = parse_auth_answer(answer(entry("est", channels, permissions)));
  REQUIRE(grant);
  return grant->permissions->may_publish(topic);
}

bool subscribes(const std::string& channels, const std::string& topic, const std::string& channel) {
  const auto grant = parse_auth_answer(answer(entry("est", channels, R"("subscribe")")));
  REQUIRE(grant);
  return grant->permissions->may_subscribe(topic, channel);
}

std::string refusal(const std::string& body) {
  const auto grant = parse_auth_answer(body);
  return grant ? "" : grant.error().text();
}

TEST_CASE("an answer's identity, time and number of entries", "[auth]") {
  const auto grant = parse_auth_answer(answer(entry("a", "", "") + "," + entry("b", "", "")));
  REQUIRE(grant);
  CHECK(grant->identity == "bill");
  CHECK(grant->identity_url == "http://b/");
  CHECK(grant->ttl == nsq::Seconds(60));
  CHECK(grant->generation == 0);
  CHECK(grant->permissions->count() == 2);
  CHECK(parse_auth_answer(R"({"ttl":5,"authorizations":[null]})")->permissions->count() == 1);
  CHECK(parse_auth_answer(R"({"TTL":5,"Authorizations":null,"more":[{}]})")->permissions->count() ==
        0);
}

TEST_CASE("patterns are looked for anywhere in a name", "[auth]") {
  CHECK(publishes(R"(".*")", "test"));
  CHECK(publishes(R"(".*")", "my_test_2"));
  CHECK_FALSE(publishes(R"(".*")", "TEST"));
  CHECK(subscribes(R"("or")", "test", "orders"));
  CHECK_FALSE(subscribes(R"("^or$")", "test", "orders"));
  CHECK(subscribes(R"("x","ders")", "test", "orders"));
}

TEST_CASE("publishing needs a channel pattern that takes the empty text", "[auth]") {
  CHECK(publishes(R"("")", "test"));
  CHECK(publishes(R"("^$")", "test"));
  CHECK_FALSE(publishes(R"("zz")", "test"));
  CHECK_FALSE(publishes("", "test"));
  CHECK_FALSE(subscribes("", "test", "ch"));
}

TEST_CASE("permissions are apart", "[auth]") {
  CHECK_FALSE(publishes(R"(".*")", "test", R"("subscribe")"));
  CHECK(publishes(R"(".*")", "test", R"("subscribe","publish")"));
  CHECK_FALSE(publishes(R"(".*")", "test", ""));
  const auto grant = parse_auth_answer(answer(entry("est", R"(".*")", R"("publish")")));
  CHECK_FALSE(grant->permissions->may_subscribe("test", "ch"));
}

TEST_CASE("a time that makes no sense refuses the whole answer", "[auth]") {
  CHECK(refusal(answer("", "0")) == "invalid TTL 0 (must be >0)");
  CHECK(refusal(answer("", "-1")) == "invalid TTL -1 (must be >0)");
  CHECK(refusal(R"({"authorizations":[]})") == "invalid TTL 0 (must be >0)");
  for (const auto* ttl : {"1.5", "60.0", "1e3", "\"60\"", "true", "[]", "18446744073709551615"}) {
    CHECK(refusal(answer("", ttl)) == "\"ttl\" in the answer is of the wrong type");
  }
  CHECK(parse_auth_answer(answer("", "9223372036854775807"))->ttl > nsq::Seconds(1'000'000'000));
}

TEST_CASE("what is not the expected JSON is refused", "[auth]") {
  for (const auto* body : {"", "OK", "[]", "null", "{", "\"x\"", "{\"ttl\":1}x"}) {
    CHECK(refusal(body) == "the answer is not a JSON object");
  }
  CHECK_FALSE(refusal(R"({"ttl":1,"authorizations":{}})").empty());
  CHECK_FALSE(refusal(R"({"ttl":1,"authorizations":["x"]})").empty());
  CHECK_FALSE(refusal(R"({"ttl":1,"identity":7})").empty());
  CHECK_FALSE(refusal(answer(R"({"topic":7})")).empty());
  CHECK_FALSE(refusal(answer(R"({"topic":"a","channels":"b"})")).empty());
  CHECK_FALSE(refusal(answer(R"({"topic":"a","channels":[7]})")).empty());
}

TEST_CASE("unknown permissions and broken patterns refuse the whole answer", "[auth]") {
  CHECK(refusal(answer(entry("a", "", R"("publish","admin")"))) == "unknown permission \"admin\"");
  CHECK(refusal(answer(entry("(", "", ""))) == "unable to compile topic \"(\": missing ): (");
  CHECK(refusal(answer(entry("a", R"("x","[")", ""))) ==
        "unable to compile channel \"[\": missing ]: [");
  // No backtracking: what other engines need for these is refused, or takes linear time.
  CHECK_FALSE(refusal(answer(entry("(a)\\\\1", "", ""))).empty());
  const auto grant = parse_auth_answer(answer(entry("^(a+)+$", R"("")", R"("publish")")));
  REQUIRE(grant);
  CHECK_FALSE(grant->permissions->may_publish(std::string(60, 'a') + "b"));
}

}  // namespace
}  // namespace nsqd
