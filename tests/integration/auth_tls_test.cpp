// AUTH over TLS: certificates as credentials, and what auth servers are told of them.

#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "tests/integration/every_command.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/fake_nsqlookupd.hpp"
#include "tests/support/layered_client.hpp"
#include "tests/support/nsqd.hpp"

namespace nsq::test {
namespace {

/// An authority, a server's certificate and a client's, whose common name is "gateway".
struct Certificates {
  std::vector<std::string> arguments(const std::string& policy) const {
    return {"--https-address=127.0.0.1:0",        "--tls-cert=" + server.cert.string(),
            "--tls-key=" + server.key.string(),   "--tls-root-ca-file=" + authority.file().string(),
            "--tls-client-auth-policy=" + policy, "--tls-required=tcp-https"};
  }
  /// A client with TLS and snappy, that shows the certificate.
  LayeredClient connect(const Nsqd& nsqd) const {
    LayeredClient layered(nsqd.tcp_port());
    REQUIRE(layered.negotiate(R"("tls_v1":true,"snappy":true)").type == 0);
    net::TlsClientConfig config;
    config.root_ca = authority.file();
    config.cert = client.cert;
    config.key = client.key;
    REQUIRE(layered.start_tls(config).empty());
    REQUIRE(layered.read() == ok());
    layered.start_snappy();
    REQUIRE(layered.read() == ok());
    return layered;
  }

  TempDir folder;
  CertificateAuthority authority{folder.path()};
  CertificateFiles server = authority.issue("server");
  CertificateFiles client = authority.issue("client", {.common_name = "gateway"});
};

TEST_CASE("a verified certificate is an identity of the auth file", "[integration][auth][tls]") {
  const Certificates certificates;
  const auto file = certificates.folder.path() / "auth.toml";
  std::ofstream(file) << "[[identity]]\nname = \"gateway\"\ntls_common_name = \"gateway\"\n"
                         "publish = [\"orders\"]\n";
  const std::string policy = GENERATE("require-verify", "require");
  auto arguments = certificates.arguments(policy);
  arguments.push_back("--auth-file=" + file.string());
  const Nsqd nsqd(arguments);
  LayeredClient client = certificates.connect(nsqd);
  if (policy == "require") {
    // Nobody has checked it, so it proves nothing.
    CHECK(client.ask(auth("any")) == error("E_AUTH_FAILED AUTH failed"));
    return;
  }
  CHECK(client.ask(auth("any")) ==
        response(R"({"identity":"gateway","identity_url":"","permission_count":1})"));
  CHECK(client.ask(pub("orders", "x")) == ok());
  CHECK(client.ask(pub("other", "x")) ==
        error(R"(E_UNAUTHORIZED AUTH failed for PUB on "other" "")"));
}

TEST_CASE("10.4/65 an auth server is told of the certificate", "[integration][auth][tls]") {
  const Certificates certificates;
  Acceptor server;
  auto arguments = certificates.arguments("require");
  arguments.push_back("--auth-http-address=127.0.0.1:" + std::to_string(server.port()));
  const Nsqd nsqd(arguments);
  LayeredClient client = certificates.connect(nsqd);
  client.send(auth("s"));
  FakeHttpSession session(server.accept());
  CHECK(session.read_request().starts_with(
      "GET /auth?common_name=gateway&remote_ip=127.0.0.1&secret=s&tls=true HTTP/1.1\r\n"));
  session.reply(200, R"({"ttl":5,"authorizations":[{"topic":"","channels":[],"permissions":[]}]})");
  CHECK(client.read() == response(R"({"identity":"","identity_url":"","permission_count":1})"));
}

}  // namespace
}  // namespace nsq::test
