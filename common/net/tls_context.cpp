#include "common/net/tls_context.hpp"

#include <cerrno>
#include <fstream>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "common/net/socket_text.hpp"

namespace nsq::net {
namespace {

/// One read fetches several records; the memory is given back when they are used up.
constexpr std::size_t kReadAheadBytes = 64 * 1024;

struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
struct FreeX509 {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;
using Certificate = std::unique_ptr<X509, FreeX509>;
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeKey>;

std::unexpected<Error> bad(std::string why) {
  ERR_clear_error();
  return fail(Errc::bad_config, std::move(why));
}

/// What OpenSSL complained about last.
std::string reason() {
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  return text ? text : "unknown error";
}

Result<std::string> read_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || file.bad()) return bad(fmt::format("open {}: {}", path, errno_text(errno)));
  return std::move(text).str();
}

Bio memory_bio(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate read_certificate(BIO* from) {
  return Certificate(PEM_read_bio_X509(from, nullptr, nullptr, nullptr));
}

/// A key with a passphrase is an error, not a question on the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

Result<void> use_key_pair(SSL_CTX* context, const std::string& cert, const std::string& key) {
  const auto cert_text = read_file(cert);
  if (!cert_text) return std::unexpected(cert_text.error());
  const auto key_text = read_file(key);
  if (!key_text) return std::unexpected(key_text.error());
  const Bio certs = memory_bio(*cert_text);
  const Certificate leaf = read_certificate(certs.get());
  if (!leaf) return bad("tls: failed to find any PEM data in certificate input");
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1) return bad("tls: " + reason());
  while (Certificate next = read_certificate(certs.get())) {
    if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) return bad("tls: " + reason());
    (void)next.release();  // the context's from now on
  }
  ERR_clear_error();  // that the file ended is no error
  const Bio keys = memory_bio(*key_text);
  const PrivateKey secret(PEM_read_bio_PrivateKey(keys.get(), nullptr, no_passphrase, nullptr));
  if (!secret) return bad("tls: failed to find any PEM data in key input");
  if (SSL_CTX_use_PrivateKey(context, secret.get()) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return bad("tls: private key does not match public key");
  }
  return {};
}

/// Trusts the authorities of the file, and asks clients for certificates of theirs.
Result<void> use_authorities(SSL_CTX* context, const std::string& path) {
  if (path.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1) return bad("tls: " + reason());
    return {};
  }
  const auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  const Bio bio = memory_bio(*text);
  int found = 0;
  while (const Certificate authority = read_certificate(bio.get())) {
    const bool added = X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) == 1 &&
                       SSL_CTX_add_client_CA(context, authority.get()) == 1;
    if (added) ++found;
  }
  ERR_clear_error();
  if (found == 0) return bad("failed to append certificate to pool");
  return {};
}

int accept_any(X509_STORE_CTX*, void*) {
  return 1;
}

/// A session that is resumed brings no certificate: who once had one would be let in when it has
/// expired, and whoever got hold of the session too.
void never_resume(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
}

void ask_clients(SSL_CTX* context, TlsClientAuth policy) {
  if (policy == TlsClientAuth::none) return;
  never_resume(context);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  if (policy == TlsClientAuth::require) {
    SSL_CTX_set_cert_verify_callback(context, accept_any, nullptr);
  }
}

/// Which ciphers go with which version, the fastest of the good ones first. What OpenSSL's level 1
/// would forbid is what versions before 1.2 are made of: the operator decides on those by the
/// lowest version.
bool set_ciphers(SSL_CTX* context, int min_version) {
  constexpr const char* kOld =
      "ECDHE+AESGCM+AES128:ECDHE+AESGCM:ECDHE+CHACHA20:HIGH:!aNULL:!eNULL:!PSK:!SRP:!DSS";
  constexpr const char* kNew =
      "ECDHE+AESGCM+AES128:ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:RSA+AESGCM:!aNULL:!PSK:!SRP:!DSS";
  constexpr const char* kTls13 =
      "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
  const bool old = min_version < kTls1_2;
  SSL_CTX_set_security_level(context, old ? 0 : 1);
  return SSL_CTX_set_cipher_list(context, old ? kOld : kNew) == 1 &&
         SSL_CTX_set_ciphersuites(context, kTls13) == 1;
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}

TlsContext::TlsContext(Owner context, bool server, bool verifies) noexcept
    : context_(std::move(context)), server_(server), verifies_(verifies) {}

Result<TlsContext::Owner> TlsContext::make_native(bool server, int min_version, int max_version) {
  Owner owner(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
  SSL_CTX* context = owner.get();
  if (!context) return bad("tls: " + reason());
  if (SSL_CTX_set_min_proto_version(context, min_version) != 1 ||
      SSL_CTX_set_max_proto_version(context, max_version) != 1 ||
      !set_ciphers(context, min_version)) {
    return bad("tls: " + reason());
  }
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, kReadAheadBytes);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  return owner;
}

Result<TlsContext::Ptr> TlsContext::server(const TlsServerConfig& config) {
  auto owner = make_native(true, config.min_version, kTls1_3);
  if (!owner) return std::unexpected(owner.error());
  SSL_CTX* context = owner->get();
  if (auto used = use_key_pair(context, config.cert, config.key); !used) {
    return std::unexpected(used.error());
  }
  if (!config.root_ca.empty() || config.client_auth == TlsClientAuth::require_verify) {
    if (auto used = use_authorities(context, config.root_ca); !used) {
      return std::unexpected(used.error());
    }
  }
  SSL_CTX_set_num_tickets(context, 1);
  ask_clients(context, config.client_auth);
  return Ptr(new TlsContext(std::move(*owner), true, false));
}

Result<TlsContext::Ptr> TlsContext::client(const TlsClientConfig& config) {
  auto owner = make_native(false, config.min_version, config.max_version);
  if (!owner) return std::unexpected(owner.error());
  SSL_CTX* context = owner->get();
  if (config.verify || !config.root_ca.empty()) {
    if (auto used = use_authorities(context, config.root_ca); !used) {
      return std::unexpected(used.error());
    }
  }
  if (!config.cert.empty() || !config.key.empty()) {
    if (auto used = use_key_pair(context, config.cert, config.key); !used) {
      return std::unexpected(used.error());
    }
  }
  SSL_CTX_set_verify(context, config.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  return Ptr(new TlsContext(std::move(*owner), false, config.verify));
}

}  // namespace nsq::net
