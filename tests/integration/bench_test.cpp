// nsq_bench against an nsqd that asks for TLS and a secret, and against one that does not.

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/support/certificates.hpp"
#include "tests/support/nsqd.hpp"

namespace nsq::test {
namespace {

using Arguments = std::vector<std::string>;

Arguments operator+(Arguments all, const Arguments& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Finished bench(const Arguments& args) {
  return run_to_end(NSQ_BIN_DIR "/nsq_bench", args + Arguments{"-json"});
}

/// The figures of a run that went well.
nlohmann::json figures(const Arguments& args) {
  const Finished run = bench(args);
  CAPTURE(run.err);
  REQUIRE(run.status == exited(0));
  const auto result = nlohmann::json::parse(run.out);
  CHECK(result.at("errors") == 0);
  CHECK(result.at("ending") == "finished");
  return result;
}

std::string failure(const Arguments& args) {
  const Finished run = bench(args);
  CHECK(run.status == exited(1));
  return run.err;
}

/// An nsqd on which nothing goes without a certificate and a secret.
struct Secured {
  Secured() {
    std::ofstream(secrets) << "[[identity]]\nname = \"bench\"\nsecret = \"s3cret\"\nadmin = true\n";
    std::filesystem::permissions(
        secrets, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    nsqd.start_again({"--https-address=127.0.0.1:0", "--tls-required=true",
                      "--tls-client-auth-policy=require-verify",
                      "--tls-root-ca-file=" + authority.file().string(),
                      "--tls-cert=" + server.cert.string(), "--tls-key=" + server.key.string(),
                      "--auth-file=" + secrets.string()});
    const std::string line = nsqd.process().wait_for_line("HTTPS: listening on ");
    https = "https://localhost" + line.substr(line.rfind(':'));
  }

  Arguments addresses() const {
    return {fmt::format("-nsqd-tcp-address=localhost:{}", nsqd.tcp_port()),
            "-nsqd-http-address=" + https};
  }
  Arguments certificates() const {
    return {"-client-opt=tls_v1", "-client-opt=tls_root_ca_file," + authority.file().string(),
            "-client-opt=tls_cert," + client.cert.string(),
            "-client-opt=tls_key," + client.key.string()};
  }
  Arguments everything() const {
    return addresses() + certificates() + Arguments{"-client-opt=auth_secret,s3cret"};
  }

  TempDir folder;
  CertificateAuthority authority{folder.path()};
  CertificateFiles server = authority.issue("server");
  CertificateFiles client = authority.issue("client");
  std::filesystem::path secrets = folder.path() / "auth.toml";
  Nsqd nsqd;
  std::string https;
};

TEST_CASE("everything is measured behind TLS, compression and a secret", "[integration][bench]") {
  const Secured secured;
  const auto [options, layers] = GENERATE(table<Arguments, std::string>({
      {{}, "tls"},
      {{"-client-opt=snappy"}, "tls snappy"},
      {{"-client-opt=deflate", "-client-opt=deflate_level,1"}, "tls deflate 1"},
  }));
  CAPTURE(layers);
  const Arguments common = secured.everything() + options;
  const auto both = figures(Arguments{"pubsub", "-fresh", "-words", "-batch=100", "-depth=4",
                                      "-channels=2", "-messages=20000", "-threads=2"} +
                            common);
  CHECK(both.at("layers") == layers);
  CHECK(both.at("received") == 40'000);
  CHECK(both.at("lost") == 0);
  const auto single = figures(Arguments{"pubsub", "-messages=2000", "-size=5000"} + common);
  CHECK(single.at("received") == 2000);
  const auto drained =
      figures(Arguments{"sub", "-fresh", "-prefill", "-messages=20000", "-settle=0s"} + common);
  CHECK(drained.at("lost") == 0);
  const auto idle =
      figures(Arguments{"conns", "-connections=20", "-settle=0s", "-hold=10ms"} + common);
  CHECK(idle.at("connections") == 20);
  CHECK(idle.at("layers") == layers);
  const auto late = figures(
      Arguments{"defer", "-fresh", "-messages=1000", "-delay-min=10ms", "-delay-max=100ms"} +
      common);
  CHECK(late.at("early") == 0);
}

TEST_CASE("the HTTP API is measured over https with a secret", "[integration][bench]") {
  const Secured secured;
  const auto published = figures(Arguments{"http", "-fresh", "-connections=2", "-messages=1000"} +
                                 secured.everything());
  CHECK(published.at("layers") == "tls");
  CHECK(published.at("answered") == 1000);
  figures(Arguments{"topics", "-topics=3", "-settle=0s", "-hold=10ms"} + secured.everything());
}

TEST_CASE("compression is measured without TLS too", "[integration][bench]") {
  const Nsqd nsqd;
  const std::string layers = GENERATE("snappy", "deflate");
  const auto both = figures({"pubsub", "-words", "-batch=100", "-messages=20000",
                             fmt::format("-nsqd-tcp-address=127.0.0.1:{}", nsqd.tcp_port()),
                             "-client-opt=" + layers});
  CHECK(both.at("layers").get<std::string>().starts_with(layers));
  CHECK(both.at("lost") == 0);
}

TEST_CASE("what was not granted is not measured", "[integration][bench]") {
  const Nsqd plain({"--snappy=false", "--deflate=false"});
  const std::string address = fmt::format("-nsqd-tcp-address=127.0.0.1:{}", plain.tcp_port());
  CHECK(failure({"pub", address, "-client-opt=tls_v1"}) ==
        "nsq_bench: the server does not offer TLS\n");
  CHECK(failure({"pub", address, "-client-opt=snappy"}) ==
        "nsq_bench: the server does not offer snappy\n");
  CHECK(failure({"pub", address, "-client-opt=deflate"}) ==
        "nsq_bench: the server does not offer deflate\n");
}

TEST_CASE("who is refused is told why, and no secret", "[integration][bench]") {
  const Secured secured;
  const Arguments pub{"pub", "-messages=10"};
  CHECK(failure(pub + secured.addresses() + secured.certificates() +
                Arguments{"-client-opt=auth_secret,wr0ng"}) ==
        "nsq_bench: the server answered: E_AUTH_FAILED AUTH failed\n");
  CHECK(failure(Arguments{"pub", "-fresh"} + secured.addresses() + secured.certificates() +
                Arguments{"-client-opt=auth_secret,wr0ng"}) ==
        "nsq_bench: /topic/delete?topic=nsq_bench: HTTP 401 {\"message\":\"UNAUTHORIZED\"}\n");
  CHECK(failure(pub + secured.addresses() + secured.certificates())
            .contains("the server asks for AUTH: give -client-opt=auth_secret,"));
  CHECK(failure(pub + secured.addresses()).contains("TLS required"));
  const Secured other;
  CHECK(failure(pub + secured.addresses() + other.certificates()) ==
        "nsq_bench: TLS: tls: failed to verify certificate: x509: certificate signed by unknown "
        "authority\n");
}

}  // namespace
}  // namespace nsq::test
