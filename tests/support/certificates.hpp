#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace nsq::test {

/// What a certificate is to say.
struct CertificateSpec {
  std::string common_name = "localhost";
  std::vector<std::string> names{"DNS:localhost", "IP:127.0.0.1"};  ///< empty: none
  bool expired = false;
  bool self_signed = false;  ///< by its own key instead of the authority's
};

/// A certificate with its key, as PEM files.
struct CertificateFiles {
  std::filesystem::path cert;
  std::filesystem::path key;
};

/// A certificate authority that is made for a test and forgotten with it. Throws std::runtime_error
/// when OpenSSL fails.
class CertificateAuthority {
 public:
  /// Puts its files into `directory`, which must exist.
  explicit CertificateAuthority(std::filesystem::path directory);
  /// The one whose `ca.pem` and `ca.key` are in `directory`.
  static CertificateAuthority load(std::filesystem::path directory);
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  /// Its own certificate.
  const std::filesystem::path& file() const noexcept { return file_; }

  /// Writes `<stem>.pem` and `<stem>.key`, in place of earlier ones.
  CertificateFiles issue(const std::string& stem, const CertificateSpec& spec = {}) const;

 private:
  struct Keys;
  CertificateAuthority(std::filesystem::path directory, std::unique_ptr<Keys> keys);
  std::filesystem::path directory_;
  std::filesystem::path file_;
  std::unique_ptr<Keys> keys_;
};

}  // namespace nsq::test
