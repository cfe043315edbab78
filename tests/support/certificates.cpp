#include "tests/support/certificates.hpp"

#include <atomic>
#include <cstdio>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace nsq::test {
namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Certificate = std::unique_ptr<X509, FreeCertificate>;
using File = std::unique_ptr<std::FILE, CloseFile>;

constexpr long kDay = 24 * 60 * 60;

void check(bool fine, const char* what) {
  if (!fine) throw std::runtime_error(std::string("certificates: ") + what + " failed");
}

Key make_key() {
  Key key(EVP_EC_gen("P-256"));
  check(key != nullptr, "making a key");
  return key;
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  check(extension != nullptr, "an extension");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// A certificate for `key`, not signed yet.
Certificate make_certificate(EVP_PKEY* key, const std::string& common_name, bool expired) {
  static std::atomic<long> serial{1};
  Certificate made(X509_new());
  check(made != nullptr, "making a certificate");
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial.fetch_add(1));
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -2 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), expired ? -kDay : kDay);
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  return made;
}

File open_file(const std::filesystem::path& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode));
  check(file != nullptr, "opening a file");
  return file;
}

void write_certificate(const std::filesystem::path& path, X509* certificate) {
  const File file = open_file(path, "w");
  check(PEM_write_X509(file.get(), certificate) == 1, "writing a certificate");
}

void write_key(const std::filesystem::path& path, EVP_PKEY* key) {
  const File file = open_file(path, "w");
  check(PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "writing a key");
}

}  // namespace

struct CertificateAuthority::Keys {
  Key key = make_key();
  Certificate certificate = make_certificate(key.get(), "test authority", false);
};

CertificateAuthority::CertificateAuthority(std::filesystem::path directory)
    : directory_(std::move(directory)),
      file_(directory_ / "ca.pem"),
      keys_(std::make_unique<Keys>()) {
  X509* own = keys_->certificate.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  add_extension(own, NID_basic_constraints, "critical,CA:TRUE");
  check(X509_sign(own, keys_->key.get(), EVP_sha256()) > 0, "signing");
  write_certificate(file_, own);
}

CertificateAuthority::CertificateAuthority(std::filesystem::path directory,
                                           std::unique_ptr<Keys> keys)
    : directory_(std::move(directory)), file_(directory_ / "ca.pem"), keys_(std::move(keys)) {}

CertificateAuthority CertificateAuthority::load(std::filesystem::path directory) {
  const File certificate = open_file(directory / "ca.pem", "r");
  const File key = open_file(directory / "ca.key", "r");
  auto keys = std::make_unique<Keys>(
      Key(PEM_read_PrivateKey(key.get(), nullptr, nullptr, nullptr)),
      Certificate(PEM_read_X509(certificate.get(), nullptr, nullptr, nullptr)));
  check(keys->key && keys->certificate, "reading an authority");
  return {std::move(directory), std::move(keys)};
}

CertificateAuthority::~CertificateAuthority() = default;

CertificateFiles CertificateAuthority::issue(const std::string& stem,
                                             const CertificateSpec& spec) const {
  const Key key = make_key();
  const Certificate made = make_certificate(key.get(), spec.common_name, spec.expired);
  X509* issuer = spec.self_signed ? made.get() : keys_->certificate.get();
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
  std::string names;
  for (const auto& name : spec.names) names.append(names.empty() ? "" : ",").append(name);
  if (!names.empty()) add_extension(made.get(), NID_subject_alt_name, names);
  EVP_PKEY* signer = spec.self_signed ? key.get() : keys_->key.get();
  check(X509_sign(made.get(), signer, EVP_sha256()) > 0, "signing");
  CertificateFiles files{directory_ / (stem + ".pem"), directory_ / (stem + ".key")};
  write_key(files.key, key.get());
  write_certificate(files.cert, made.get());
  return files;
}

}  // namespace nsq::test
