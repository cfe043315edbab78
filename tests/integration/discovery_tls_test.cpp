// The client library's discovery with daemons that speak TLS only.

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "clients/nsq/blocking.hpp"
#include "tests/integration/collector.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/nsqd.hpp"
#include "tests/support/nsqlookupd.hpp"

namespace nsq::test {
namespace {

using client::BlockingProducerPool;
using client::LookupdUrl;

/// A certificate authority, and what each of a cluster's daemons and clients has from it.
struct Certified {
  /// The options of a daemon that asks everyone for a certificate.
  std::vector<std::string> daemon(const std::string& name, std::vector<std::string> more = {}) {
    const CertificateFiles own = authority.issue(name);
    more.insert(more.end(),
                {"--tls-cert=" + own.cert.string(), "--tls-key=" + own.key.string(),
                 "--tls-root-ca-file=" + authority.file().string(),
                 "--tls-client-auth-policy=require-verify", "--broadcast-address=localhost"});
    return more;
  }
  client::Config client() {
    const CertificateFiles own = authority.issue("client");
    client::Config config;
    config.values.tls_required = true;
    config.values.tls_root_ca_file = authority.file();
    config.values.tls_cert = own.cert;
    config.values.tls_key = own.key;
    config.values.lookupd_poll_interval = Milliseconds(200);
    return config;
  }

  TempDir directory;
  CertificateAuthority authority{directory.path()};
};

std::vector<std::string> registering(const std::vector<const Nsqlookupd*>& lookupds) {
  std::vector<std::string> args{"--lookupd-tls", "--tls-required=true",
                                "--https-address=127.0.0.1:0"};
  for (const Nsqlookupd* lookupd : lookupds) {
    args.push_back(fmt::format("--lookupd-tcp-address=localhost:{}", lookupd->tcp_port()));
  }
  return args;
}

LookupdUrl https(const Nsqlookupd& lookupd) {
  return LookupdUrl::parse(fmt::format("https://localhost:{}", lookupd.http_port())).value();
}

TEST_CASE("nsqds are found where everything asks for certificates",
          "[integration][discovery][tls]") {
  Certified certified;
  const Nsqlookupd first(certified.daemon("first"));
  const Nsqlookupd second(certified.daemon("second"));
  const Nsqd at_both(certified.daemon("nsqd", registering({&first, &second})));
  const Nsqd at_second(certified.daemon("nsqd2", registering({&second})));

  client::ProducerPoolSetup setup;
  setup.lookupds = {https(first), https(second)};
  setup.config = certified.client();
  const auto pool = BlockingProducerPool::create(std::move(setup)).value();
  REQUIRE(eventually([&] { return pool->stats().nsqds == 2; }));
  for (int i = 0; i < 10; ++i) REQUIRE(pool->publish("t", std::to_string(i)).has_value());

  const Collector consumer("t", {https(first), https(second)}, certified.client());
  CHECK(await_value(std::int64_t{2}, [&] { return consumer.stats().connections; }) == 2);
  CHECK(await_value(std::size_t{10}, [&] { return consumer.count(); }) == 10);
  CHECK(consumer.stats().lookup_failures == 0);
}

TEST_CASE("who does not belong to the cluster finds nothing, and is told why",
          "[integration][discovery][tls]") {
  Certified certified;
  const Nsqlookupd lookupd(certified.daemon("lookupd"));
  const Nsqd nsqd(certified.daemon("nsqd", registering({&lookupd})));
  client::Config config = certified.client();
  LookupdUrl url = https(lookupd);
  Certified other;
  std::string why;
  SECTION("it trusts another authority") {
    config.values.tls_root_ca_file = other.authority.file();
    why = "tls: failed to verify certificate: x509: certificate signed by unknown authority";
  }
  SECTION("it has no certificate") {
    config.values.tls_cert.clear();
    config.values.tls_key.clear();
    why = "remote error: tls: certificate required";
  }
  SECTION("it has the certificate of another authority") {
    const CertificateFiles foreign = other.authority.issue("client");
    config.values.tls_cert = foreign.cert;
    config.values.tls_key = foreign.key;
    why = "remote error: tls: ";
  }
  SECTION("it speaks in clear text") {
    url.https = false;
    why = "unexpected EOF";
  }
  CAPTURE(why);
  const Collector consumer("t", {url}, config);
  CHECK(eventually([&] { return consumer.stats().lookup_failures > 2; }));  // and polling goes on
  CHECK(consumer.stats().lookups == 0);
  CHECK(consumer.stats().connections == 0);
  CAPTURE(consumer.log().lines());
  CHECK(consumer.log().has(
      fmt::format("error querying nsqlookupd ({}) - GET {}?topic=t", url.text(), url.text())));
  CHECK(consumer.log().has(why));
}

TEST_CASE("a plain nsqlookupd cannot be asked over https", "[integration][discovery][tls]") {
  Certified certified;
  const Nsqlookupd lookupd;
  const Collector consumer("t", {https(lookupd)}, certified.client());
  CHECK(eventually([&] { return consumer.stats().lookup_failures > 0; }));
  CAPTURE(consumer.log().lines());
  CHECK(consumer.log().has("tls: first record does not look like a TLS handshake"));
}

TEST_CASE("nsq_tail finds its nsqds over https", "[integration][discovery][tls][tools]") {
  Certified certified;
  const Nsqlookupd lookupd(certified.daemon("lookupd"));
  const Nsqd nsqd(certified.daemon("nsqd", registering({&lookupd})));
  client::ProducerPoolSetup setup;
  setup.lookupds = {https(lookupd)};
  setup.config = certified.client();
  const auto pool = BlockingProducerPool::create(std::move(setup)).value();
  REQUIRE(pool->publish("t", "hello").has_value());
  const client::Config client = certified.client();
  const auto tail =
      run_to_end(NSQ_BIN_DIR "/nsq_tail",
                 {"-topic=t", "-channel=c", "-n=1",
                  "-lookupd-http-address=" + https(lookupd).text(), "-consumer-opt=tls_required",
                  "-consumer-opt=tls_root_ca_file," + client.values.tls_root_ca_file,
                  "-consumer-opt=tls_cert," + client.values.tls_cert,
                  "-consumer-opt=tls_key," + client.values.tls_key});
  CHECK(tail.status == exited(0));
  CHECK(tail.out == "hello\n");
}

}  // namespace
}  // namespace nsq::test
