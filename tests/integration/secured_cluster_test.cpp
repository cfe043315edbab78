// The cluster of docs/operations.md, "A secured cluster": what it refuses, and to whom it is open.

#include "tests/integration/secured_cluster.hpp"

#include <signal.h>

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "clients/nsq/blocking.hpp"
#include "tests/integration/every_command.hpp"
#include "tests/integration/every_route.hpp"
#include "tests/support/eventually.hpp"

namespace nsq::test {
namespace {

using client::LookupdUrl;
using nlohmann::json;

/// What needs a certificate, but no secret.
const std::set<std::string> kWithoutSecret{"/ping", "/health/live", "/health/ready"};

const Frame kAuthFailed = error("E_AUTH_FAILED AUTH failed");

/// A connection to an nsqd over TLS that has not said AUTH.
LayeredClient connect(const SecuredCluster& cluster, std::uint16_t port, const Visitor& visitor) {
  LayeredClient client(port);
  REQUIRE(client.negotiate(R"("tls_v1":true)").type == 0);
  REQUIRE(client.start_tls(cluster.tls(visitor)).empty());
  REQUIRE(client.read() == ok());
  return client;
}

Frame answer_to_auth(const SecuredCluster& cluster, std::uint16_t port, const Visitor& visitor) {
  return connect(cluster, port, visitor).ask(auth(visitor.secret));
}

LayeredClient logged_in(const SecuredCluster& cluster, std::uint16_t port, const Visitor& visitor) {
  LayeredClient client = connect(cluster, port, visitor);
  REQUIRE(client.ask(auth(visitor.secret)).type == 0);
  return client;
}

/// Three messages wait in orders/billing on each nsqd, and both nsqlookupds know of it.
void fill(const SecuredCluster& cluster) {
  const Visitor billing = cluster.client("billing");
  for (const SecuredHost& on : cluster.hosts()) {
    CHECK(logged_in(cluster, on.nsqd_tcp, billing).ask(sub("orders", "billing")) == ok());
    CHECK(logged_in(cluster, on.nsqd_tcp, billing).ask(mpub("orders", {"1", "2", "3"})) == ok());
  }
  const auto producers = [&](const SecuredHost& on) {
    const json known = cluster.get(on.lookupd_http, billing, "/nodes").at("producers");
    std::size_t count = 0;
    for (const json& node : known) count += node.at("topics") == json{"orders"} ? 1 : 0;
    return count;
  };
  for (const SecuredHost& on : cluster.hosts()) {
    REQUIRE(await_value(cluster.kHosts, [&] { return producers(on); }) == cluster.kHosts);
  }
}

/// All that a request could change, as the operator sees it.
json state(const SecuredCluster& cluster) {
  const Visitor seer = cluster.client("operator");
  json all;
  for (const SecuredHost& on : cluster.hosts()) {
    const auto ask = [&](std::uint16_t port, const std::string& target) {
      return cluster.get(port, seer, target);
    };
    const json stats =
        ask(on.nsqd_https, "/stats?format=json&include_clients=false&include_mem=false");
    all.push_back(stats.at("topics"));
    for (const auto* target : {"/config/log_level", "/config/nsqlookupd_tcp_addresses"}) {
      all.push_back(ask(on.nsqd_https, target));
    }
    for (const auto* target :
         {"/topics", "/channels?topic=orders", "/nodes", "/config/log_level"}) {
      all.push_back(ask(on.lookupd_http, target));
    }
  }
  return all;
}

/// Those without a certificate that counts, but with a secret that does.
std::vector<Visitor> strangers(const SecuredCluster& cluster, const TempDir& elsewhere) {
  const CertificateAuthority other(elsewhere.path());
  const auto own = CertificateAuthority::load(cluster.authority());
  const std::string secret = cluster.client("billing").secret;
  return {
      {"no certificate", {}, secret},
      {"of another authority", other.issue("other", {.common_name = "billing"}), secret},
      {"self-signed", own.issue("self", {.common_name = "billing", .self_signed = true}), secret},
      {"expired", own.issue("expired", {.common_name = "billing", .expired = true}), secret}};
}

/// Those with billing's certificate, but without its secret.
std::vector<Visitor> impostors(const SecuredCluster& cluster) {
  const Visitor billing = cluster.client("billing");
  return {{"no secret", billing.certificate, ""},
          {"a guessed secret", billing.certificate, "guessed"},
          {"the operator's secret", billing.certificate, cluster.client("operator").secret}};
}

std::string say_plainly(std::uint16_t port, const std::string& bytes) {
  RawClient client(Socket::tcp(port), RawClient::Magic::omit);
  client.send(bytes);
  client.shutdown_write();
  return client.read_to_end();
}

/// A port that speaks TLS from its first byte says nothing to these.
void check_tls_port(const SecuredCluster& cluster, std::uint16_t port,
                    const std::vector<std::string>& tries, const std::vector<Visitor>& visitors) {
  constexpr char kAlert = 0x15;
  for (const std::string& bytes : tries) {
    INFO(bytes);
    const std::string answer = say_plainly(port, bytes);
    CHECK((answer.empty() || answer.front() == kAlert));
    for (const Visitor& visitor : visitors) {
      INFO(visitor.name);
      CHECK(cluster.say(port, visitor, bytes) == "");
    }
  }
}

/// In plain text nsqd's TCP port answers IDENTIFY, with which TLS begins, and nothing else.
void check_plain_commands(std::uint16_t port) {
  for (const TriedCommand& tried : nsqd_commands()) {
    INFO(tried.name);
    const bool begins = tried.command == wire::Command::identify;
    const Frame refused =
        error("E_INVALID cannot " + tried.name + " in current state (TLS required)");
    RawClient client(Socket::tcp(port));
    CHECK(client.ask(tried.bytes) == (begins ? ok() : refused));
    if (begins) continue;
    CHECK(client.read_to_end() == "");
    RawClient identified(Socket::tcp(port));
    CHECK(identified.ask(identify("{}")) == ok());
    CHECK(identified.ask(tried.bytes) == refused);
    CHECK(identified.read_to_end() == "");
  }
  for (const ApiRequest& request : nsqd_requests()) {
    CHECK(say_plainly(port, request.bytes()).find("HTTP/") == std::string::npos);
  }
}

/// Behind the handshake nobody of these hears anything, whatever they say.
void check_commands_of_strangers(const SecuredCluster& cluster, std::uint16_t port,
                                 const std::vector<Visitor>& visitors) {
  for (const Visitor& visitor : visitors) {
    for (const TriedCommand& tried : nsqd_commands()) {
      INFO(visitor.name << ": " << tried.name);
      LayeredClient client(port);
      REQUIRE(client.negotiate(R"("tls_v1":true)").type == 0);
      if (!client.start_tls(cluster.tls(visitor)).empty()) continue;
      client.send(auth(visitor.secret) + tried.bytes);
      CHECK(client.read_to_end() == "");
    }
  }
}

void check_commands_without_secret(const SecuredCluster& cluster, std::uint16_t port) {
  const Visitor billing = cluster.client("billing");
  for (const TriedCommand& tried : nsqd_commands()) {
    if (tried.command == wire::Command::identify || tried.command == wire::Command::nop) continue;
    INFO(tried.name);
    LayeredClient client = connect(cluster, port, billing);
    const Frame answer = client.ask(tried.bytes);
    CHECK(answer.type == 1);
    if (tried.needs_permission) {
      CHECK(answer == error("E_AUTH_FIRST AUTH required before " + tried.name));
    }
    CHECK(client.read_to_end() == "");
  }
  for (const Visitor& visitor : impostors(cluster)) {
    INFO(visitor.name);
    if (visitor.secret.empty()) continue;
    CHECK(answer_to_auth(cluster, port, visitor) == kAuthFailed);
  }
}

void check_requests_without_secret(const SecuredCluster& cluster, std::uint16_t port) {
  for (const ApiRequest& request : nsqd_requests()) {
    for (const Visitor& visitor : impostors(cluster)) {
      INFO(visitor.name << ": " << request.method << " " << request.target);
      const std::string answer = cluster.say(port, visitor, request.bytes(visitor.secret));
      const int expected = kWithoutSecret.contains(request.pattern) ? 200 : 401;
      CHECK(answer.starts_with(fmt::format("HTTP/1.1 {} ", expected)));
    }
  }
}

/// That there is no port besides the two which a SecuredHost names.
void check_ports(const DaemonProcess& daemon) {
  const std::string log = daemon.err();
  constexpr std::string_view kListens = ": listening on ";
  const auto first = log.find(kListens);
  const auto second = log.find(kListens, first + 1);
  CHECK(second != log.npos);
  CHECK(log.find(kListens, second + 1) == log.npos);
}

std::vector<std::string> bytes_of(const std::vector<ApiRequest>& requests,
                                  const std::string& secret) {
  std::vector<std::string> all;
  for (const ApiRequest& request : requests) all.push_back(request.bytes(secret));
  return all;
}

TEST_CASE("a secured cluster refuses every stranger on every port", "[integration][secured]") {
  SecuredCluster cluster;
  const TempDir elsewhere;
  fill(cluster);
  const json before = state(cluster);
  REQUIRE(before.dump().find(R"("depth":3)") != std::string::npos);
  const std::vector<Visitor> visitors = strangers(cluster, elsewhere);
  const std::string secret = cluster.client("operator").secret;
  auto peer_port_tries = bytes_of(nsqlookupd_requests(), secret);
  for (const auto& conversation : nsqlookupd_conversations())
    peer_port_tries.push_back(conversation);

  for (const SecuredHost& on : cluster.hosts()) {
    check_ports(*on.lookupd);
    check_ports(*on.nsqd);
    check_tls_port(cluster, on.lookupd_tcp, peer_port_tries, visitors);
    check_tls_port(cluster, on.lookupd_http, bytes_of(nsqlookupd_requests(), secret), visitors);
    check_tls_port(cluster, on.nsqd_https, bytes_of(nsqd_requests(), secret), visitors);
    check_plain_commands(on.nsqd_tcp);
    check_commands_of_strangers(cluster, on.nsqd_tcp, visitors);
    check_commands_without_secret(cluster, on.nsqd_tcp);
    check_requests_without_secret(cluster, on.nsqd_https);
  }
  CHECK(state(cluster) == before);
  for (const SecuredHost& on : cluster.hosts()) {
    CHECK(on.nsqd->err().find(secret) == std::string::npos);
    CHECK(on.nsqd->stop() == exited(0));
    CHECK(on.lookupd->stop() == exited(0));
  }
}

/// What openssl's own client gets for /ping, with what it says about the connection.
std::string ping_by_openssl(const SecuredCluster& cluster, std::uint16_t port,
                            const std::string& options) {
  return shell(
      fmt::format("cd {} && printf 'GET /ping HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: "
                  "close\\r\\n\\r\\n' | "
                  "openssl s_client -ign_eof -connect localhost:{} -CAfile ca.pem {} 2>&1 || true",
                  cluster.authority().string(), port, options));
}

TEST_CASE("a session with a certificate is not resumed without one", "[integration][secured]") {
  const SecuredCluster cluster;
  const std::string version = GENERATE("-tls1_2", "-tls1_3");
  const SecuredHost& on = cluster.host(0);
  for (const std::uint16_t port : {on.nsqd_https, on.lookupd_http}) {
    INFO(version);
    const std::string shown = " -cert billing.pem -key billing.key -sess_out session";
    const std::string first = ping_by_openssl(cluster, port, version + shown);
    REQUIRE(first.find("HTTP/1.1 200 ") != first.npos);
    if (!std::filesystem::exists(cluster.authority() / "session")) continue;  // nothing to resume
    const std::string again = ping_by_openssl(cluster, port, version + " -sess_in session");
    CHECK(again.find("HTTP/1.1 200 ") == again.npos);
  }
}

std::vector<LookupdUrl> lookupds(const SecuredCluster& cluster) {
  std::vector<LookupdUrl> urls;
  for (const SecuredHost& on : cluster.hosts()) {
    urls.push_back(LookupdUrl::parse(fmt::format("https://localhost:{}", on.lookupd_http)).value());
  }
  return urls;
}

TEST_CASE("a permitted client finds its way through a secured cluster", "[integration][secured]") {
  SecuredCluster cluster;
  const client::Config config = cluster.config(cluster.client("billing"));
  for (const SecuredHost& on : cluster.hosts()) {
    const auto producer =
        client::BlockingProducer::create({.host = "localhost", .port = on.nsqd_tcp}, config);
    REQUIRE(producer.has_value());
    const auto published = (*producer)->publish("orders", fmt::format("{}", on.nsqd_tcp));
    REQUIRE((published ? "" : published.error().text()) == "");
  }
  client::ConsumerSetup setup;
  setup.topic = "orders";
  setup.channel = "billing";
  setup.config = config;
  setup.config.values.max_in_flight = 10;
  setup.pull = true;
  const auto consumer = client::BlockingConsumer::create(std::move(setup)).value();
  REQUIRE(consumer->connect_to_nsqlookupds(lookupds(cluster)).has_value());
  std::set<std::string> expected;
  std::set<std::string> arrived;
  for (const SecuredHost& on : cluster.hosts()) {
    expected.insert(std::to_string(on.nsqd_tcp));
    client::Message message = consumer->next().value();
    arrived.insert(std::string(message.body()));
    message.finish();
  }
  CHECK(arrived == expected);
}

TEST_CASE("the commands of the chapter work on a secured cluster", "[integration][secured]") {
  SecuredCluster cluster;
  const SecuredHost& on = cluster.host(0);
  const auto at = [&](const std::string& line) {
    return shell(fmt::format("cd {} && PATH={}:$PATH && {}", cluster.authority().string(),
                             NSQ_BIN_DIR, line));
  };
  const std::string curl =
      "curl -sS --noproxy '*' --cacert ca.pem --cert billing.pem --key billing.key "
      "-H \"Authorization: Bearer $(cat billing.secret)\" ";
  CHECK(at(curl + fmt::format("-d one 'https://localhost:{}/pub?topic=orders'", on.nsqd_https)) ==
        "OK");
  const auto options = [](const std::string& which) {
    std::string text;
    for (const auto* option : {"tls_required", "tls_root_ca_file,ca.pem", "tls_cert,billing.pem",
                               "tls_key,billing.key", "auth_secret,$(cat billing.secret)"}) {
      text += fmt::format(" -{}-opt=\"{}\"", which, option);
    }
    return text;
  };
  at(fmt::format("echo two | to_nsq -topic=orders -nsqd-tcp-address=localhost:{}", on.nsqd_tcp) +
     options("producer"));
  const std::string tail = fmt::format(
      "nsq_tail -topic=orders -channel=billing -n=2 -lookupd-http-address=https://localhost:{} "
      "-lookupd-http-address=https://localhost:{}",
      on.lookupd_http, cluster.host(1).lookupd_http);
  CHECK(at(tail + options("consumer") + " 2>/dev/null") == "one\ntwo\n");
}

TEST_CASE("certificates and secrets of a secured cluster are renewed while it runs",
          "[integration][secured]") {
  SecuredCluster cluster;
  const SecuredHost& on = cluster.host(0);
  const Visitor old = cluster.client("billing");
  LayeredClient there = logged_in(cluster, on.nsqd_tcp, old);
  LayeredClient prometheus = logged_in(cluster, on.nsqd_tcp, cluster.client("prometheus"));
  const auto serial = [&](std::uint16_t port) {
    return shell(
        fmt::format("cd {} && openssl s_client -connect localhost:{} -CAfile ca.pem "
                    "-cert operator.pem -key operator.key </dev/null 2>/dev/null "
                    "| openssl x509 -noout -serial",
                    cluster.authority().string(), port));
  };

  // A secret: the new one counts, what was granted for the old one ends.
  cluster.renew_client("billing");
  const Visitor renewed = cluster.client("billing");
  REQUIRE(renewed.secret != old.secret);
  // The certificate is still good, so only the secret decides.
  CHECK(await_value(kAuthFailed, [&] {
          return answer_to_auth(cluster, on.nsqd_tcp,
                                {"old secret", renewed.certificate, old.secret});
        }) == kAuthFailed);
  CHECK(there.ask(pub("orders", "x")) == kAuthFailed);
  CHECK(logged_in(cluster, on.nsqd_tcp, renewed).ask(pub("orders", "x")) == ok());
  const ApiRequest info{.method = "GET", .pattern = "/info", .target = "/info", .body = {}};
  CHECK(cluster.say(on.nsqd_https, renewed, info.bytes(old.secret)).starts_with("HTTP/1.1 401 "));
  CHECK(
      cluster.say(on.nsqd_https, renewed, info.bytes(renewed.secret)).starts_with("HTTP/1.1 200 "));

  // A host's certificate: both of its daemons show the new one, and connections stay.
  const std::string before = serial(on.nsqd_https);
  REQUIRE(serial(on.lookupd_http) == before);
  cluster.renew_host(0);
  on.nsqd->send_signal(SIGHUP);
  CHECK(eventually([&] { return serial(on.nsqd_https) != before; }));
  CHECK(eventually([&] { return serial(on.lookupd_http) != before; }));
  CHECK(prometheus.ask(pub("orders", "x")).type == 1);  // heard, and not permitted
}

}  // namespace
}  // namespace nsq::test
