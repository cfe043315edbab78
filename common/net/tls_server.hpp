#pragma once

#include <functional>
#include <memory>

#include <boost/asio/awaitable.hpp>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "common/base/mutex.hpp"
#include "common/net/byte_stream.hpp"
#include "common/net/file_watch.hpp"
#include "common/net/tls_context.hpp"

namespace nsq::net {

/// How long a client may take for its handshake. Source: spec/nsqd.md 2.4.
inline constexpr Nanoseconds kTlsHandshakeLimit = Seconds(5);

/// A daemon's certificate, key and client-auth policy. Connections keep what they were made with.
/// Thread-safe.
class TlsServer {
 public:
  /// TlsContext::server's errors.
  static Result<std::shared_ptr<TlsServer>> load(TlsServerConfig config);

  /// What new connections are made with.
  TlsContext::Ptr current() const NSQ_EXCLUDES(mutex_);

  /// Reads the files again. On an error, which is logged, everything stays as it was.
  void reload(const Logger& log) NSQ_EXCLUDES(mutex_);

  /// What it was loaded with.
  const TlsServerConfig& config() const noexcept { return config_; }

 private:
  TlsServer(TlsServerConfig config, TlsContext::Ptr context);

  const TlsServerConfig config_;
  mutable Mutex mutex_;
  TlsContext::Ptr context_ NSQ_GUARDED_BY(mutex_);
};

/// Reloads `tls` on SIGHUP and when its files change, once the watch is started.
std::unique_ptr<FileWatch> watch_tls(boost::asio::any_io_executor executor,
                                     std::shared_ptr<TlsServer> tls, Logger log);

/// Makes a connection that begins with TLS one over TLS, e.g. as HttpServerOptions::upgrade. One
/// whose handshake fails is logged and closed, and gives null.
std::function<boost::asio::awaitable<std::unique_ptr<ByteStream>>(std::unique_ptr<ByteStream>)>
tls_upgrade(std::shared_ptr<const TlsServer> tls, Logger log);

}  // namespace nsq::net
