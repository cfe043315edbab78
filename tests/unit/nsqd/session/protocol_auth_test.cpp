#include <initializer_list>
#include <string>

#include <catch2/catch.hpp>

#include "nsqd/auth/answer.hpp"
#include "tests/unit/nsqd/session/protocol_fixture.hpp"

namespace nsqd {
namespace {

/// An nsqd with an authority whose answers the test gives.
struct Secured : Daemon {
  explicit Secured(Options with = {}) : Daemon(std::move(with)) { context.authority = &authority; }
  Authority authority{
      {.servers = {AuthServer{.host = "auth", .target = "/auth", .authorization = {}}}},
      nsq::Logger()};
};

nsq::Result<Grant> grant(const std::string& entries, int ttl = 60) {
  return parse_auth_answer(R"({"identity":"bill","identity_url":"http://b/?a&b","ttl":)" +
                           std::to_string(ttl) + R"(,"authorizations":[)" + entries + "]}");
}

constexpr const char* kAll =
    R"({"topic":".*","channels":[".*"],"permissions":["publish","subscribe"]})";
constexpr const char* kPublishA = R"({"topic":"^a$","channels":[".*"],"permissions":["publish"]})";

nsq::Result<Grant> no_answer() {
  return nsq::fail(nsq::Errc::rejected, "no auth server gave an answer");
}

const std::string kAuth = with_body("AUTH", "s3cret");
const std::string kWelcome =
    R"({"identity":"bill","identity_url":"http://b/?a\u0026b","permission_count":1})";
const std::string kPubA = with_body("PUB a", "x");

/// A conversation that has said AUTH and got `entries`.
void log_in(Conversation& client, const std::string& entries, int ttl = 60) {
  client.send(kAuth);
  client.answer(grant(entries, ttl));
  REQUIRE(client.replies() == Texts{kWelcome});
}

TEST_CASE("IDENTIFY tells whether AUTH is required", "[protocol][auth]") {
  const std::string identify = with_body("IDENTIFY", R"({"feature_negotiation":true})");
  Secured secured;
  Daemon open;
  CHECK(Conversation(secured).ask(identify).at(0).contains(R"("auth_required":true)"));
  CHECK(Conversation(open).ask(identify).at(0).contains(R"("auth_required":false)"));
}

TEST_CASE("what needs a permission is refused before AUTH, and does nothing", "[protocol][auth]") {
  Secured daemon;
  const auto [bytes, name] = GENERATE(table<std::string, std::string>({
      {"SUB t c\n", "SUB"},
      {with_body("PUB t", "x"), "PUB"},
      {with_body("DPUB t 1", "x"), "DPUB"},
      {mpub("t", {"x"}), "MPUB"},
  }));
  Conversation client(daemon);
  CHECK(client.ask(bytes) == Texts{"E_AUTH_FIRST AUTH required before " + name});
  CHECK(client.protocol.ended());
  CHECK_FALSE(daemon.broker.find_topic("t"));
  CHECK(client.asked.empty());
}

TEST_CASE("AUTH waits for the answer, and all behind it", "[protocol][auth]") {
  Secured daemon;
  Conversation client(daemon);
  CHECK(client.ask(kAuth + kPubA + "NOP\n" + kPubA).empty());
  CHECK(client.protocol.waiting());
  REQUIRE(client.asked.size() == 1);
  CHECK(client.asked[0].secret == "s3cret");
  CHECK(client.asked[0].remote_ip == "127.0.0.1");
  CHECK_FALSE(client.asked[0].peer.tls);
  client.answer(grant(kAll));
  CHECK_FALSE(client.protocol.waiting());
  CHECK(client.replies() == Texts{kWelcome, "OK", "OK"});
  CHECK(daemon.topic("a").message_count == 2);
  CHECK(client.asked.size() == 1);
  const auto shown = daemon.clients.snapshot();
  CHECK(shown.at(0).authed);
  CHECK(shown.at(0).auth_identity == "bill");
  CHECK(shown.at(0).auth_identity_url == "http://b/?a&b");
}

TEST_CASE("answers that end the connection", "[protocol][auth]") {
  Secured daemon;
  Conversation client(daemon);
  client.send(kAuth + kPubA);
  SECTION("none") {
    client.answer(no_answer());
    CHECK(client.replies() == Texts{"E_AUTH_FAILED AUTH failed"});
  }
  SECTION("an empty one") {
    client.answer(grant(""));
    CHECK(client.replies() == Texts{"E_UNAUTHORIZED AUTH no authorizations found"});
  }
  CHECK(client.protocol.ended());
  CHECK_FALSE(daemon.broker.find_topic("a"));
}

TEST_CASE("AUTH is said once, and only first", "[protocol][auth]") {
  Secured daemon;
  Conversation client(daemon);
  log_in(client, kAll);
  SECTION("twice") {
    CHECK(client.ask(kAuth) == Texts{"E_INVALID AUTH already set"});
  }
  SECTION("after SUB") {
    CHECK(client.ask("SUB a c\n" + kAuth) == Texts{"OK", "E_INVALID cannot AUTH in current state"});
  }
  CHECK(client.asked.size() == 1);
}

TEST_CASE("what was not granted is denied", "[protocol][auth]") {
  Secured daemon;
  Conversation client(daemon);
  log_in(client, kPublishA);
  SECTION("another topic, with what came before it answered") {
    CHECK(client.ask(kPubA + kPubA + with_body("PUB b", "x")) ==
          Texts{"OK", "OK", R"(E_UNAUTHORIZED AUTH failed for PUB on "b" "")"});
    CHECK_FALSE(daemon.broker.find_topic("b"));
  }
  SECTION("MPUB creates nothing") {
    CHECK(client.ask(mpub("b", {"x"})) ==
          Texts{R"(E_UNAUTHORIZED AUTH failed for MPUB on "b" "")"});
    CHECK_FALSE(daemon.broker.find_topic("b"));
  }
  SECTION("DPUB") {
    CHECK(client.ask(with_body("DPUB b 5", "x")) ==
          Texts{R"(E_UNAUTHORIZED AUTH failed for DPUB on "b" "")"});
  }
  SECTION("SUB") {
    CHECK(client.ask("SUB a c\n") == Texts{R"(E_UNAUTHORIZED AUTH failed for SUB on "a" "c")"});
    CHECK_FALSE(daemon.broker.find_topic("a"));
  }
  CHECK(client.protocol.ended());
}

TEST_CASE("an expired grant is asked for again, once, by the next command that needs it",
          "[protocol][auth]") {
  Secured daemon;
  Conversation client(daemon);
  log_in(client, kAll, 1);
  CHECK(client.ask(kPubA) == Texts{"OK"});
  CHECK(client.asked.size() == 1);
  daemon.advance(nsq::Seconds(2));
  CHECK(client.ask("NOP\n").empty());
  CHECK(client.asked.size() == 1);
  CHECK(client.ask(kPubA + kPubA).empty());
  REQUIRE(client.asked.size() == 2);
  CHECK(client.asked[1].secret == "s3cret");
  SECTION("granted") {
    client.answer(grant(kAll, 1));
    CHECK(client.replies() == Texts{"OK", "OK"});
    CHECK(client.ask(kPubA) == Texts{"OK"});
    CHECK(client.asked.size() == 2);
  }
  SECTION("no answer") {
    client.answer(no_answer());
    CHECK(client.replies() == Texts{"E_AUTH_FAILED AUTH failed"});
  }
  SECTION("granted less") {
    client.answer(grant(R"({"topic":"^b$","channels":[""],"permissions":["publish"]})"));
    CHECK(client.replies() == Texts{R"(E_UNAUTHORIZED AUTH failed for PUB on "a" "")"});
  }
  SECTION("granted nothing") {
    client.answer(grant(""));
    CHECK(client.replies() == Texts{R"(E_UNAUTHORIZED AUTH failed for PUB on "a" "")"});
  }
}

TEST_CASE("who consumes only is not asked again when its grant expires", "[protocol][auth]") {
  Secured daemon;
  Conversation client(daemon);
  log_in(client, kAll, 1);
  CHECK(client.ask("SUB a c\nRDY 1\n") == Texts{"OK"});
  daemon.advance(nsq::Seconds(5));
  CHECK(client.ask("RDY 2\nNOP\n").empty());
  CHECK(client.asked.size() == 1);
  CHECK_FALSE(client.protocol.ended());
}

TEST_CASE("with a new auth file, even who consumes only is asked again", "[protocol][auth]") {
  Secured daemon;
  const auto file = [](const char* subscribe) {
    return *AuthFile::parse(std::string("[[identity]]\nname = \"bill\"\nurl = \"u\"\n") +
                            "secret = \"s3cret\"\nsubscribe = [\"" + subscribe + "\"]\n");
  };
  const auto of_file = [&] {
    const auto identity =
        daemon.authority.file()->find({.secret = "s3cret", .remote_ip = {}, .peer = {}});
    return Grant{.identity = "bill",
                 .identity_url = "http://b/?a&b",
                 .permissions = identity,
                 .generation = daemon.authority.file_generation()};
  };
  daemon.authority.set_file(file("a/c"));
  Conversation client(daemon);
  client.send(kAuth);
  client.answer(of_file());
  CHECK(client.replies() == Texts{kWelcome});
  CHECK(client.ask("SUB a c\nRDY 1\n") == Texts{"OK"});
  daemon.advance(std::chrono::hours(10000));
  CHECK(client.ask("NOP\n").empty());
  CHECK(client.asked.size() == 1);
  SECTION("that still allows it") {
    daemon.authority.set_file(file("a/*"));
    client.send("NOP\nRDY 5\n");
    REQUIRE(client.asked.size() == 2);
    client.answer(of_file());
    CHECK(client.ask("NOP\n").empty());
    CHECK(client.asked.size() == 2);
    CHECK_FALSE(client.protocol.ended());
  }
  SECTION("that does not allow it any more") {
    daemon.authority.set_file(file("b/c"));
    client.send("NOP\n");
    client.answer(of_file());
    CHECK(client.replies() == Texts{R"(E_UNAUTHORIZED AUTH failed for SUB on "a" "c")"});
    CHECK(client.protocol.ended());
  }
  SECTION("that does not know the client") {
    daemon.authority.set_file(file("a/c"));
    client.send("NOP\n");
    client.answer(no_answer());
    CHECK(client.replies() == Texts{"E_AUTH_FAILED AUTH failed"});
  }
}

TEST_CASE("a certificate is part of what is asked", "[protocol][auth]") {
  Secured daemon;
  Conversation client(daemon);
  client.protocol.tls_started({.version = "TLS1.3", .cipher_suite = "x", .common_name = "box"});
  client.send(kAuth);
  REQUIRE(client.asked.size() == 1);
  CHECK(client.asked[0].peer.tls);
  CHECK(client.asked[0].peer.common_name == "box");
  CHECK_FALSE(client.asked[0].peer.verified);
}

}  // namespace
}  // namespace nsqd
