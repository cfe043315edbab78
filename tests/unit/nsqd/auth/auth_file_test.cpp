#include "nsqd/auth/auth_file.hpp"

#include <string>

#include <catch2/catch.hpp>

namespace nsqd {
namespace {

/// SHA-256 of "hashed".
constexpr const char* kHash = "1A06DF824ED741B53C785079A6347F00EEC5AF82F9850775409CA69DFF4068A6";

AuthFile file(std::string_view text) {
  auto parsed = AuthFile::parse(text);
  if (!parsed) FAIL(parsed.error().text());
  return std::move(*parsed);
}

std::string refusal(std::string_view text) {
  const auto parsed = AuthFile::parse(text);
  return parsed ? "" : parsed.error().text();
}

Credentials with_secret(std::string secret, std::string common_name = {}, bool verified = true) {
  return {std::move(secret),
          "1.2.3.4",
          {.tls = true, .common_name = std::move(common_name), .verified = verified}};
}

std::string who(const AuthFile& file, const Credentials& client) {
  const auto identity = file.find(client);
  return identity ? identity->entry().name : "";
}

TEST_CASE("secrets, hashed secrets and certificates tell who it is", "[auth]") {
  const AuthFile auth = file(R"(
[[identity]]
name = "plain"
secret = "s3cret"
publish = ["*"]

[[identity]]
name = "hashed"
secret_sha256 = "1a06df824ed741b53c785079a6347f00eec5af82f9850775409ca69dff4068a6"
publish = ["*"]

[[identity]]
name = "both"
secret = "two"
tls_common_name = "box"
publish = ["*"]

[[identity]]
name = "certificate"
tls_common_name = "box2"
publish = ["*"]
)");
  CHECK(auth.size() == 4);
  CHECK(auth.has_plain_secrets());
  CHECK(who(auth, with_secret("s3cret")) == "plain");
  CHECK(who(auth, with_secret("s3cret", "other")) == "plain");
  CHECK(who(auth, with_secret("")) == "");
  CHECK(who(auth, with_secret("s3cre")) == "");
  CHECK(who(auth, with_secret("hashed")) == "hashed");
  CHECK(who(auth, with_secret("two")) == "");
  CHECK(who(auth, with_secret("two", "box")) == "both");
  CHECK(who(auth, with_secret("two", "box", false)) == "");
  CHECK(who(auth, with_secret("", "box2")) == "certificate");
  CHECK(who(auth, with_secret("whatever", "box2")) == "certificate");
  CHECK(who(auth, with_secret("", "box2", false)) == "");
  CHECK(who(auth, with_secret("", "")) == "");
}

TEST_CASE("a digest is that of the secret's bytes", "[auth]") {
  const auto digest =
      parse_digest("BA7816BF8F01CFEA414140DE5DAE2223b00361a396177a9cb410ff61f20015ad");
  REQUIRE(digest);
  CHECK(equal(*digest, digest_of("abc")));
  CHECK_FALSE(equal(*digest, digest_of("abd")));
  CHECK_FALSE(parse_digest("ba78"));
  CHECK_FALSE(parse_digest(std::string(63, 'a') + "g"));
  CHECK_FALSE(parse_digest(std::string(62, 'a') + "+1"));
}

TEST_CASE("permissions of an identity", "[auth]") {
  const auto identity = file(R"(
[[identity]]
name = "app"
secret = "s"
publish = ["orders", "log.*"]
subscribe = ["orders/bill*", "log.*/*"]
manage = ["tmp.*", "orders/billing"]
)")
                            .find(with_secret("s"));
  REQUIRE(identity);
  CHECK(identity->count() == 6);
  CHECK(identity->may_publish("orders"));
  CHECK(identity->may_publish("log.a"));
  CHECK_FALSE(identity->may_publish("orders2"));
  CHECK(identity->may_subscribe("orders", "billing"));
  CHECK_FALSE(identity->may_subscribe("orders", "other"));
  CHECK(identity->may_subscribe("log.x", "any#ephemeral"));
  CHECK(identity->may_manage("tmp.1"));
  CHECK(identity->may_manage("tmp.1", "ch"));
  CHECK_FALSE(identity->may_manage("orders"));
  CHECK(identity->may_manage("orders", "billing"));
  CHECK_FALSE(identity->may_manage("orders", "other"));
  CHECK(identity->may_see("tmp.1"));
  CHECK(identity->may_see("orders"));
  CHECK_FALSE(identity->may_see("other"));
  CHECK_FALSE(identity->may_monitor());
  CHECK_FALSE(identity->may_administrate());
}

TEST_CASE("monitor sees all, admin does all", "[auth]") {
  const AuthFile auth = file(R"(
identity = [ { name = "m", secret = "m", monitor = true }, { name = "a", secret = "a", admin = true } ]
)");
  const auto monitor = auth.find(with_secret("m"));
  CHECK(monitor->may_see("x"));
  CHECK(monitor->may_monitor());
  CHECK_FALSE(monitor->may_publish("x"));
  CHECK_FALSE(monitor->may_administrate());
  const auto admin = auth.find(with_secret("a"));
  CHECK(admin->may_publish("x"));
  CHECK(admin->may_subscribe("x", "y"));
  CHECK(admin->may_manage("x"));
  CHECK(admin->may_monitor());
  CHECK(admin->may_administrate());
}

TEST_CASE("mistakes are named with their line and without secrets", "[auth]") {
  const auto one = [](const std::string& rest) { return "[[identity]]\nname = \"a\"\n" + rest; };
  CHECK(refusal("") == "line 1: there is no [[identity]]");
  CHECK(refusal("x = 1") == "line 1: unknown key \"x\"");
  CHECK(refusal("[identity]\nname = \"a\"") == "line 1: identity must be [[identity]]");
  CHECK(refusal("[[identity]]\nsecret = \"hush") == "line 2: not TOML (column 15)");
  CHECK(refusal("[[identity]]\nsecret = \"hush\"") == "line 1: an identity needs a name");
  CHECK(refusal(one("publish = [\"*\"]")) ==
        "line 1: identity \"a\" needs secret, secret_sha256 or tls_common_name");
  CHECK(refusal(one("secret = \"hush\"")) == "line 1: identity \"a\" is allowed nothing");
  CHECK(refusal(one("secret = \"hush\"\nadmin = false")) ==
        "line 1: identity \"a\" is allowed nothing");
  CHECK(refusal(one("secret = \"\"")) == "line 3: secret is empty");
  CHECK(refusal(one("secret = 7")) == "line 3: secret must be a text");
  CHECK(refusal(one("secret_sha256 = \"hush\"")) ==
        "line 3: secret_sha256 must be 64 hexadecimal digits");
  CHECK(refusal(one("secret_sha256 = "
                    "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"")) ==
        "line 3: secret_sha256 is that of an empty secret");
  CHECK(refusal(one("secret = \"hush\"\nsecret_sha256 = \"" + std::string(kHash) + "\"")) ==
        "line 1: identity \"a\" has both secret and secret_sha256");
  CHECK(refusal(one("secert = \"hush\"")) == "line 3: unknown key \"secert\"");
  CHECK(refusal(one("secret = \"hush\"\nadmin = 1")) == "line 4: admin must be true or false");
  CHECK(refusal(one("secret = \"hush\"\npublish = \"*\"")) ==
        "line 4: publish must be a list of patterns");
  CHECK(refusal(one("secret = \"hush\"\npublish = [1]")) == "line 4: publish must hold texts");
  CHECK(refusal(one("secret = \"hush\"\npublish = [\"a b\"]")) ==
        "line 4: \"a b\" in publish is not a pattern for names");
  CHECK(refusal(one("secret = \"hush\"\nmanage = [\"a/b/c\"]")) ==
        "line 4: \"a/b/c\" in manage is not a pattern for names");
  CHECK(refusal(one("secret = \"hush\"\npublish = [\"a/b\"]")) ==
        "line 1: identity \"a\" publishes to topics, not to channels: no \"/\" in publish");
  CHECK(refusal(one("secret = \"hush\"\nsubscribe = [\"a\"]")) ==
        "line 1: identity \"a\" subscribes to channels: \"topic/channel\" in subscribe");
}

TEST_CASE("identities that could not be told apart are refused", "[auth]") {
  const auto two = [](const std::string& a, const std::string& b) {
    return "[[identity]]\nadmin = true\n" + a + "\n[[identity]]\nadmin = true\n" + b;
  };
  CHECK(refusal(two("name = \"a\"\nsecret = \"x\"", "name = \"a\"\nsecret = \"y\"")) ==
        "line 5: \"a\" and \"a\" have the same name");
  CHECK(refusal(two("name = \"a\"\nsecret = \"x\"", "name = \"b\"\nsecret = \"x\"")) ==
        "line 5: \"a\" and \"b\" have the same secret");
  CHECK(refusal(two("name = \"a\"\ntls_common_name = \"x\"",
                    "name = \"b\"\ntls_common_name = \"x\"")) ==
        "line 5: \"a\" and \"b\" have the same tls_common_name");
}

}  // namespace
}  // namespace nsqd
