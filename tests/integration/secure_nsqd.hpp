#pragma once

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/certificates.hpp"
#include "tests/support/layered_client.hpp"
#include "tests/support/nsqd.hpp"

namespace nsq::test {

/// An nsqd with a certificate, and all that clients of it need. The const functions may be called
/// from several threads.
struct SecureNsqd {
  explicit SecureNsqd(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--https-address=127.0.0.1:0", "--tls-cert=" + files.cert.string(),
                             "--tls-key=" + files.key.string()});
    nsqd.start_again(more);
  }

  net::TlsClientConfig client_config() const {
    net::TlsClientConfig config;
    config.root_ca = authority.file();
    return config;
  }
  LayeredClient connect() const { return LayeredClient(nsqd.tcp_port()); }

  /// A client with TLS, the OK taken.
  LayeredClient secure_client(std::string_view members = R"("client_id":"layered")") const {
    LayeredClient client = connect();
    const Frame answer = client.negotiate(R"("tls_v1":true,)" + std::string(members));
    REQUIRE(nlohmann::json::parse(answer.data).at("tls_v1") == true);
    REQUIRE(client.start_tls(client_config()).empty());
    REQUIRE(client.read() == ok());
    return client;
  }

  TempDir directory;
  CertificateAuthority authority{directory.path()};
  CertificateFiles files = authority.issue("server");
  Nsqd nsqd;
};

}  // namespace nsq::test
