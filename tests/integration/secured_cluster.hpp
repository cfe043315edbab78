#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "clients/nsq/config.hpp"
#include "common/net/tls_context.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/daemon_process.hpp"
#include "tests/support/layered_client.hpp"
#include "tests/support/temp_dir.hpp"

namespace nsq::test {

/// Somebody who connects, or tries to.
struct Visitor {
  std::string name;
  CertificateFiles certificate;  ///< no paths: none is shown
  std::string secret;            ///< empty: none
};

/// What is on one host of the cluster.
struct SecuredHost {
  std::filesystem::path etc;  ///< the host's /etc/nsq
  std::unique_ptr<DaemonProcess> lookupd;
  std::unique_ptr<DaemonProcess> nsqd;
  std::uint16_t lookupd_tcp = 0;
  std::uint16_t lookupd_http = 0;
  std::uint16_t nsqd_tcp = 0;
  std::uint16_t nsqd_https = 0;
};

/// The cluster of docs/operations.md, "A secured cluster", with two hosts, both of them this one:
/// the files of packaging/secured with other paths and ports, what packaging/secured/issue makes,
/// and no flag but --config. Its clients are `billing`, who may publish and consume `orders`,
/// `prometheus` and `operator`. Everything runs when it is constructed. Used from one thread.
class SecuredCluster {
 public:
  static constexpr std::size_t kHosts = 2;

  SecuredCluster();

  const SecuredHost& host(std::size_t index) const { return hosts_.at(index); }
  const std::array<SecuredHost, kHosts>& hosts() const noexcept { return hosts_; }
  /// Where the authority is, and what it issued.
  const std::filesystem::path& authority() const noexcept { return folder_.path(); }
  std::filesystem::path ca() const { return authority() / "ca.pem"; }
  /// A client of the cluster, with what was issued to it last.
  Visitor client(const std::string& name) const;

  /// Issues a client's certificate and secret anew, and tells both hosts.
  void renew_client(const std::string& name);
  /// Issues a host's certificate anew, and puts it in place.
  void renew_host(std::size_t index);

  /// A TLS client that trusts the authority and shows the visitor's certificate.
  net::TlsClientConfig tls(const Visitor& visitor) const;
  /// Says `bytes` over TLS. @return all that comes back, empty if the handshake failed.
  std::string say(std::uint16_t port, const Visitor& visitor, const std::string& bytes) const;
  /// GET of a path over HTTPS with the visitor's secret; throws unless it is answered with 200.
  nlohmann::json get(std::uint16_t port, const Visitor& visitor, const std::string& target) const;
  /// The client library's options of a client.
  client::Config config(const Visitor& visitor) const;

 private:
  void start_lookupd(std::size_t index);
  void start_nsqd(std::size_t index);
  std::string issue(const std::string& arguments) const;
  void write_auth_files() const;

  TempDir folder_;
  std::map<std::string, std::string> entries_;  // of the auth file, by client, without permissions
  std::array<SecuredHost, kHosts> hosts_;
};

/// The file of packaging/secured, with each `from` replaced by `to`. Throws if one is not there.
std::string packaged(const std::string& file,
                     const std::vector<std::pair<std::string, std::string>>& replacements);

/// Runs a line of shell. @return what it wrote on stdout; throws with what it wrote unless it
/// succeeds.
std::string shell(const std::string& line);

}  // namespace nsq::test
