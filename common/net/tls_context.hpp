#pragma once

#include <memory>
#include <string>

#include "common/base/result.hpp"

struct ssl_ctx_st;

namespace nsq::net {

/// What a server asks of its clients. With either of the latter each connection shows its
/// certificate: none resumes another's session. Source: spec/nsqd.md 4.1.
enum class TlsClientAuth {
  none,            ///< no certificate is asked for
  require,         ///< some certificate, whatever it is worth
  require_verify,  ///< one that chains to the certificate authorities
};

/// Versions as their numbers on the wire.
inline constexpr int kTls1_0 = 0x0301;
inline constexpr int kTls1_1 = 0x0302;
inline constexpr int kTls1_2 = 0x0303;
inline constexpr int kTls1_3 = 0x0304;

/// A server's side. Paths of PEM files.
struct TlsServerConfig {
  std::string cert;     ///< the certificate, then those that lead to its authority
  std::string key;      ///< its private key
  std::string root_ca;  ///< authorities of client certificates; empty: the system's
  TlsClientAuth client_auth = TlsClientAuth::none;
  int min_version = kTls1_2;
};

/// A client's side. Paths of PEM files.
struct TlsClientConfig {
  std::string root_ca;  ///< authorities of server certificates; empty: the system's
  std::string cert;     ///< shown to servers that ask; empty: none. With key.
  std::string key;
  bool verify = true;  ///< check the server's certificate and name
  int min_version = kTls1_2;
  int max_version = kTls1_3;
};

/// Keys, certificates and rules that connections are made with: loaded once, immutable, shared by
/// all threads. A connection keeps what it was made with.
class TlsContext {
 public:
  using Ptr = std::shared_ptr<const TlsContext>;

  /// Errc::bad_config with the reason: `open <file>: no such file or directory`, `tls: private key
  /// does not match public key`, `failed to append certificate to pool`, …
  static Result<Ptr> server(const TlsServerConfig& config);
  static Result<Ptr> client(const TlsClientConfig& config);

  /// Whether a client verifies the server's name.
  bool verifies() const noexcept { return verifies_; }
  bool is_server() const noexcept { return server_; }
  /// OpenSSL's own object, which counts its references.
  ssl_ctx_st* native() const noexcept { return context_.get(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  using Owner = std::unique_ptr<ssl_ctx_st, Free>;
  TlsContext(Owner context, bool server, bool verifies) noexcept;
  static Result<Owner> make_native(bool server, int min_version, int max_version);

  Owner context_;
  bool server_;
  bool verifies_;
};

}  // namespace nsq::net
