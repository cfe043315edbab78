// Discovery over TLS: docs/protocol-extensions.md.

#include <string>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/net/http_client.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/nsqd.hpp"
#include "tests/support/nsqlookupd.hpp"
#include "tests/support/run.hpp"

namespace nsq::test {
namespace {

struct SecureLookup {
  std::vector<std::string> with_certificate(std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--tls-cert=" + files.cert.string(), "--tls-key=" + files.key.string(),
                             "--broadcast-address=localhost"});
    return more;
  }
  static std::string flag(const Nsqlookupd& lookupd) {
    return "--lookupd-tcp-address=localhost:" + std::to_string(lookupd.tcp_port());
  }
  std::string root_ca() const { return "--tls-root-ca-file=" + authority.file().string(); }

  /// The topics that it knows, asked for over HTTPS.
  nlohmann::json topics(const Nsqlookupd& lookupd) const {
    net::TlsClientConfig config;
    config.root_ca = authority.file();
    auto context = net::TlsContext::client(config);
    REQUIRE(context);
    net::HttpRequestSpec spec;
    spec.host = "localhost";
    spec.port = lookupd.http_port();
    spec.target = "/topics";
    spec.tls = std::move(*context);
    const auto reply = run(ask(std::move(spec)));
    return nlohmann::json::parse(reply.body).at("topics");
  }

  static boost::asio::awaitable<net::HttpReply> ask(net::HttpRequestSpec spec) {
    auto reply = co_await net::http_request(std::move(spec));
    if (!reply) throw std::runtime_error(reply.error().text());
    co_return std::move(*reply);
  }

  TempDir directory;
  CertificateAuthority authority{directory.path()};
  CertificateFiles files = authority.issue("lookupd");
};

TEST_CASE("nsqd registers with an nsqlookupd and asks it over TLS", "[integration][lookup][tls]") {
  const SecureLookup secure;
  Nsqlookupd lookupd(secure.with_certificate());
  Nsqd nsqd({SecureLookup::flag(lookupd), "--lookupd-tls", secure.root_ca()});
  nsqd.process().wait_for_line("peer info localhost:");
  nsqd.create("over_tls");
  CHECK(eventually([&] { return secure.topics(lookupd) == nlohmann::json{"over_tls"}; }));
  nsqd.process().wait_for_line("CI: querying nsqlookupd https://localhost:");
}

TEST_CASE("an nsqlookupd with a certificate hears nothing in plain text",
          "[integration][lookup][tls]") {
  const SecureLookup secure;
  Nsqlookupd lookupd(secure.with_certificate());
  LookupPeer plain = lookupd.connect();
  plain.send("  V1PING\n");
  CHECK(eventually(
      [&] { return lookupd.process().err().contains("TLS: handshake error from 127.0.0.1:"); }));
  CHECK_THROWS(lookupd.get("/ping"));
}

TEST_CASE("nsqd does not trust an nsqlookupd that another authority certified",
          "[integration][lookup][tls]") {
  const SecureLookup secure;
  const SecureLookup other;
  Nsqlookupd lookupd(secure.with_certificate());
  Nsqd nsqd({SecureLookup::flag(lookupd), "--lookupd-tls", other.root_ca()});
  nsqd.process().wait_for_line("x509: certificate signed by unknown authority");
}

TEST_CASE("an nsqlookupd takes no lower version of TLS than it is told to",
          "[integration][lookup][tls]") {
  const SecureLookup secure;
  Nsqlookupd lookupd(secure.with_certificate({"--tls-min-version=tls1.3"}));
  CHECK(secure.topics(lookupd).empty());
  net::TlsClientConfig old;
  old.root_ca = secure.authority.file();
  old.max_version = net::kTls1_2;
  net::HttpRequestSpec spec;
  spec.host = "localhost";
  spec.port = lookupd.http_port();
  spec.tls = net::TlsContext::client(old).value();
  CHECK_THROWS_WITH(run(SecureLookup::ask(std::move(spec))),
                    Catch::Contains("remote error: tls: protocol version not supported"));
}

TEST_CASE("an nsqlookupd asks nsqds for certificates if it is told to",
          "[integration][lookup][tls]") {
  const SecureLookup secure;
  Nsqlookupd lookupd(
      secure.with_certificate({"--tls-client-auth-policy=require-verify", secure.root_ca()}));
  Nsqd without({SecureLookup::flag(lookupd), "--lookupd-tls", secure.root_ca()});
  lookupd.process().wait_for_line("tls: client didn't provide a certificate");
  const auto mine = secure.authority.issue("nsqd");
  Nsqd with({SecureLookup::flag(lookupd), "--lookupd-tls", secure.root_ca(), "--https-address=",
             "--tls-cert=" + mine.cert.string(), "--tls-key=" + mine.key.string()});
  with.process().wait_for_line("peer info localhost:");
}

}  // namespace
}  // namespace nsq::test
