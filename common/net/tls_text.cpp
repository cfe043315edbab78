#include "common/net/tls_text.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace nsq::net {
namespace {

/// The suites that are shown by name; upstream shows the others by number.
constexpr std::array<std::string_view, 13> kNamedSuites{
    "TLS_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
};

std::string_view version_name(int version) {
  switch (version) {
    case TLS1_VERSION:
      return "TLS1.0";
    case TLS1_1_VERSION:
      return "TLS1.1";
    case TLS1_2_VERSION:
      return "TLS1.2";
    case TLS1_3_VERSION:
      return "TLS1.3";
    default:
      return "";
  }
}

std::string suite_name(const SSL_CIPHER* cipher) {
  const char* name = SSL_CIPHER_standard_name(cipher);
  if (name && std::ranges::find(kNamedSuites, std::string_view(name)) != kNamedSuites.end()) {
    return name;
  }
  return fmt::format("Unknown {}", SSL_CIPHER_get_protocol_id(cipher));
}

/// The last common name of the subject, as UTF-8.
std::string common_name(X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  int last = -1;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) last = at;
  if (last < 0) return {};
  unsigned char* text = nullptr;
  const int bytes =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
  if (bytes < 0) return {};
  std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(bytes));
  OPENSSL_free(text);
  return name;
}

std::string verify_text(long result) {
  switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "x509: certificate has expired or is not yet valid";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:  // of another authority by the same name
      return "x509: certificate signed by unknown authority";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "x509: certificate is not valid for this name";
    case X509_V_ERR_INVALID_PURPOSE:
      return "x509: certificate specifies an incompatible key usage";
    default:
      return fmt::format("x509: {}", X509_verify_cert_error_string(result));
  }
}

/// What an alert of the peer says; empty for other errors.
std::string_view alert_text(int reason) {
  switch (reason) {
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
      return "bad certificate";
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
      return "unsupported certificate";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
      return "revoked certificate";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "expired certificate";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
      return "unknown certificate";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return "unknown certificate authority";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return "handshake failure";
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "protocol version not supported";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return "certificate required";
    case SSL_R_TLSV1_ALERT_INTERNAL_ERROR:
      return "internal error";
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      return "error decrypting message";
    default:
      return {};
  }
}

class AlertCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "tls alert"; }
  std::string message(int reason) const override {
    return fmt::format("remote error: tls: {}", alert_text(reason));
  }
};

}  // namespace

const boost::system::error_category& tls_alert_category() noexcept {
  static const AlertCategory kCategory;
  return kCategory;
}

boost::system::error_code tls_alert() {
  const int reason = ERR_GET_REASON(ERR_peek_error());
  if (alert_text(reason).empty()) return {};
  return {reason, tls_alert_category()};
}

std::string tls_error_text(ssl_st* ssl) {
  // A failed verification comes behind what made it fail; otherwise the first error is the cause.
  const unsigned long last = ERR_peek_last_error();
  const bool unverified = ERR_GET_REASON(last) == SSL_R_CERTIFICATE_VERIFY_FAILED;
  const unsigned long error = unverified ? last : ERR_peek_error();
  const int reason = ERR_GET_REASON(error);
  if (!alert_text(reason).empty()) return tls_alert_category().message(reason);
  switch (reason) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return fmt::format("tls: failed to verify certificate: {}",
                         verify_text(SSL_get_verify_result(ssl)));
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "tls: client didn't provide a certificate";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_SSL_VERSION:
      return "tls: client offered only unsupported versions";
    case SSL_R_NO_SHARED_CIPHER:
      return "tls: no cipher suite supported by both client and server";
    case SSL_R_HTTP_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNKNOWN_PROTOCOL:
      return "tls: first record does not look like a TLS handshake";
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return "EOF";
    default: {
      const char* text = ERR_reason_error_string(error);
      return fmt::format("tls: {}", text ? text : "handshake failure");
    }
  }
}

TlsPeer describe_peer(ssl_st* ssl) {
  TlsPeer peer;
  peer.version = version_name(SSL_version(ssl));
  peer.cipher_suite = suite_name(SSL_get_current_cipher(ssl));
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(ssl),
                                                                &X509_free);
  if (certificate) peer.common_name = common_name(certificate.get());
  return peer;
}

}  // namespace nsq::net
