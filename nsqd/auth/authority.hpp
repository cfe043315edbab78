#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include <boost/asio/awaitable.hpp>

#include "common/base/log.hpp"
#include "common/base/mutex.hpp"
#include "common/net/byte_stream.hpp"
#include "nsqd/auth/auth_file.hpp"
#include "nsqd/auth/auth_servers.hpp"

namespace nsqd {

/// Who says what clients may do: the auth file, the auth servers, or both, the file first.
/// Thread-safe.
class Authority {
 public:
  /// @param verifies_certificates  whether TLS lets in no client whose certificate it has not
  ///                               checked (--tls-client-auth-policy=require-verify).
  Authority(AuthServers::Settings servers, const nsq::Logger& log,
            bool verifies_certificates = false);

  /// What a connection's TLS says of its client; null: it has none.
  PeerCertificate certificate(const nsq::net::TlsPeer* peer) const;

  /// Whether clients must say AUTH: there is a file or a server.
  bool required() const noexcept { return file_generation() != 0 || !servers_.empty(); }

  /// The present auth file; null if there is none.
  std::shared_ptr<const AuthFile> file() const NSQ_EXCLUDES(mutex_);

  /// Replaces the auth file. Grants of the one before end.
  void set_file(AuthFile file) NSQ_EXCLUDES(mutex_);

  /// Counts the auth files; 0: there has been none.
  std::uint64_t file_generation() const noexcept {
    return generation_.load(std::memory_order_acquire);
  }

  /// Finds out who a client is; on the awaiting connection's thread.
  /// @return Errc::rejected when the secret is nobody's, or no server could say. Why is in the log.
  boost::asio::awaitable<nsq::Result<Grant>> ask(Credentials client) const;

 private:
  std::optional<Grant> ask_file(const Credentials& client) const NSQ_EXCLUDES(mutex_);

  const AuthServers servers_;
  const bool verifies_certificates_;
  std::atomic<std::uint64_t> generation_{0};
  mutable nsq::Mutex mutex_;  // a leaf
  std::shared_ptr<const AuthFile> file_ NSQ_GUARDED_BY(mutex_);
};

}  // namespace nsqd
