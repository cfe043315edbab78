#include <filesystem>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/secure_nsqd.hpp"
#include "tests/support/eventually.hpp"

namespace nsq::test {
namespace {

std::string random_body(std::size_t bytes, unsigned seed) {
  std::string body(bytes, 'x');
  for (std::size_t i = 0; i < bytes; i += 2) {
    seed = seed * 1664525 + 1013904223;
    body[i] = static_cast<char>(seed >> 24);
  }
  return body;
}

/// Publishes bodies of all sizes and consumes them on another connection, both through `layers`.
template <class Connect>
void check_round_trips(const Connect& connect) {
  const std::string topic = fresh("layers");
  LayeredClient producer = connect();
  LayeredClient consumer = connect();
  CHECK(consumer.ask(sub(topic, "c")) == ok());
  consumer.send(rdy(1));
  unsigned seed = 0;
  for (const std::size_t bytes :
       std::initializer_list<std::size_t>{1, 2, 1000, 16384, 65536, 128'000, 1'000'000}) {
    const std::string body = random_body(bytes, ++seed);
    CHECK(producer.ask(pub(topic, body)) == ok());
    const Frame frame = consumer.read();
    REQUIRE(frame.type == 2);
    CHECK((frame.data.substr(26) == body));
    consumer.send(fin(frame.data.substr(10, 16)));
  }
}

TEST_CASE("10.3/46-48 snappy and deflate, alone and over TLS", "[integration][tls]") {
  const SecureNsqd secure;
  const bool tls = GENERATE(false, true);
  const auto connect = [&](std::string_view member, auto start) {
    return [&secure, tls, member, start] {
      const std::string members = R"("client_id":"layered",)" + std::string(member);
      LayeredClient client = tls ? secure.secure_client(members) : secure.connect();
      if (!tls) CHECK(client.negotiate(members).type == 0);
      start(client);
      CHECK(client.read() == ok());
      return client;
    };
  };
  check_round_trips(connect(R"("snappy":true)", [](LayeredClient& c) { c.start_snappy(); }));
  check_round_trips(connect(R"("deflate":true)", [](LayeredClient& c) { c.start_deflate(6); }));
  check_round_trips(
      connect(R"("deflate":true,"deflate_level":1)", [](LayeredClient& c) { c.start_deflate(9); }));
  if (tls) check_round_trips([&] { return secure.secure_client(); });
}

TEST_CASE("a slow reader gets every size, from 1 byte to the largest", "[integration][tls]") {
  const SecureNsqd secure;
  const std::string topic = fresh("slow");
  secure.nsqd.create(topic, "c");
  std::vector<std::string> sent;
  unsigned seed = 7;
  LayeredClient producer = secure.connect();
  for (int i = 0; i < 40; ++i) {
    seed = seed * 1664525 + 1013904223;
    // Sizes of all magnitudes: 20 bits, shifted by up to 20.
    sent.push_back(random_body(((seed >> 12) >> (i % 20)) + 1, seed));
    sent.back().resize(std::min<std::size_t>(sent.back().size(), 1 << 20));
  }
  sent.push_back(random_body(1 << 20, seed));
  for (const auto& body : sent) CHECK(producer.ask(pub(topic, body)) == ok());

  const std::string_view layers = GENERATE("", R"(,"snappy":true)", R"(,"deflate":true)");
  LayeredClient consumer = secure.secure_client(R"("client_id":"slow")" + std::string(layers));
  if (layers.contains("snappy")) consumer.start_snappy();
  if (layers.contains("deflate")) consumer.start_deflate(6);
  if (!layers.empty()) CHECK(consumer.read() == ok());
  consumer.read_in_chunks(4096);
  CHECK(consumer.ask(sub(topic, "c")) == ok());
  // All at once, more than the sockets hold: most of it has to wait in nsqd.
  consumer.send(rdy(100));
  CHECK(eventually([&] { return secure.nsqd.stat(topic, "c", "in_flight_count") > 0; }));
  std::vector<std::string> received;
  while (received.size() < sent.size()) {
    const Frame frame = consumer.read();
    REQUIRE(frame.type == 2);
    received.push_back(frame.data.substr(26));
  }
  CHECK((received == sent));
}

TEST_CASE("/stats shows what a connection has", "[integration][tls]") {
  const SecureNsqd secure;
  LayeredClient client = secure.secure_client(R"("snappy":true)");
  client.start_snappy();
  CHECK(client.read() == ok());
  const std::string topic = fresh("shown");
  CHECK(client.ask(sub(topic, "c")) == ok());
  const auto stats = secure.nsqd.stats("&topic=" + topic);
  const auto& shown = stats.at("topics").at(0).at("channels").at(0).at("clients").at(0);
  CHECK(shown.at("tls") == true);
  CHECK(shown.at("snappy") == true);
  CHECK(shown.at("deflate") == false);
  CHECK(shown.at("tls_version") == "TLS1.3");
  CHECK(shown.at("tls_cipher_suite") == "Unknown 4865");
  CHECK(shown.at("tls_negotiated_protocol_is_mutual") == true);
}

TEST_CASE("10.3/44 both compressions are refused, unless one is off", "[integration][tls]") {
  Nsqd both;
  LayeredClient client(both.tcp_port());
  CHECK(client.negotiate(R"("snappy":true,"deflate":true)") ==
        error("E_IDENTIFY_FAILED cannot enable both deflate and snappy compression"));
  CHECK(client.ended());
  Nsqd one({"--snappy=false"});
  LayeredClient other(one.tcp_port());
  CHECK(nlohmann::json::parse(other.negotiate(R"("snappy":true,"deflate":true)").data)
            .at("deflate") == true);
  other.start_deflate(6);
  CHECK(other.read() == ok());
}

TEST_CASE("10.3/53 while TLS is required nothing but IDENTIFY is taken without",
          "[integration][tls]") {
  const SecureNsqd secure({"--tls-required"});
  LayeredClient plain = secure.connect();
  CHECK(plain.ask("NOP\n") == error("E_INVALID cannot NOP in current state (TLS required)"));
  CHECK(plain.ended());
  LayeredClient identified = secure.connect();
  CHECK(identified.ask(identify("{}")) == ok());
  CHECK(identified.ask(pub("t", "x")) ==
        error("E_INVALID cannot PUB in current state (TLS required)"));
  LayeredClient good = secure.secure_client();
  CHECK(good.ask(pub(fresh("required"), "x")) == ok());
  const HttpResponse refused = secure.nsqd.get("/ping");
  CHECK(refused.status == 403);
  CHECK(refused.body.starts_with(R"({"message": "TLS_REQUIRED", "https_port": )"));
}

TEST_CASE("10.8/120 tcp-https leaves plain HTTP open", "[integration][tls]") {
  const SecureNsqd secure({"--tls-required=tcp-https"});
  CHECK(secure.nsqd.get("/ping").status == 200);
  LayeredClient plain = secure.connect();
  CHECK(plain.ask("NOP\n").type == 1);
}

TEST_CASE("a failed handshake is told in plain text, and ends one connection only",
          "[integration][tls]") {
  SecureNsqd secure({"--tls-client-auth-policy=require", "--tls-required=tcp-https"});
  auto with_certificate = secure.client_config();
  const auto mine = secure.authority.issue("mine", {.common_name = "me", .names = {}});
  with_certificate.cert = mine.cert;
  with_certificate.key = mine.key;
  LayeredClient good = secure.connect();
  CHECK(good.negotiate(R"("tls_v1":true)").type == 0);
  REQUIRE(good.start_tls(with_certificate).empty());
  CHECK(good.read() == ok());

  RawClient junk = secure.nsqd.connect();
  CHECK(junk.ask(identify(R"({"feature_negotiation":true,"tls_v1":true})")).type == 0);
  junk.send("this is no handshake");
  CHECK(junk.read_to_end().ends_with(
      "E_IDENTIFY_FAILED IDENTIFY failed tls: first record does not look like a TLS handshake"));

  LayeredClient without = secure.connect();
  auto no_certificate = secure.client_config();
  no_certificate.max_version = net::kTls1_2;
  CHECK(without.negotiate(R"("tls_v1":true)").type == 0);
  CHECK(without.start_tls(no_certificate) == "remote error: tls: handshake failure");
  secure.nsqd.process().wait_for_line(
      "E_IDENTIFY_FAILED IDENTIFY failed tls: client didn't provide a certificate");
  CHECK(good.ask(pub(fresh("survives"), "x")) == ok());
}

TEST_CASE("a mangled compressed stream ends one connection only", "[integration][tls]") {
  Nsqd nsqd;
  LayeredClient good(nsqd.tcp_port());
  CHECK(good.negotiate(R"("deflate":true)").type == 0);
  good.start_deflate(6);
  CHECK(good.read() == ok());
  for (const std::string_view member : {R"("deflate":true)", R"("snappy":true)"}) {
    LayeredClient bad(nsqd.tcp_port());
    CHECK(bad.negotiate(member).type == 0);
    bad.send(std::string(100, '\x07'));
    CHECK(bad.ended());
  }
  CHECK(good.ask(pub(fresh("survives"), "x")) == ok());
}

TEST_CASE("a decompression bomb meets the limit of a message", "[integration][tls]") {
  Nsqd nsqd;
  LayeredClient client(nsqd.tcp_port());
  CHECK(client.negotiate(R"("deflate":true)").type == 0);
  client.start_deflate(9);
  CHECK(client.read() == ok());
  CHECK(client.ask("PUB t\n" + be32(64 << 20) + std::string(64 << 20, '\0')) ==
        error("E_BAD_MESSAGE PUB message too big 67108864 > 1048576"));
}

}  // namespace
}  // namespace nsq::test
