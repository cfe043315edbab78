#pragma once

#include <sys/stat.h>

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "common/base/mutex.hpp"
#include "common/net/byte_stream.hpp"
#include "common/net/tls_context.hpp"

namespace nsq::net {

/// How long a client may take for its handshake. Source: spec/nsqd.md 2.4.
inline constexpr Nanoseconds kTlsHandshakeLimit = Seconds(5);

/// A daemon's certificate, key and client-auth policy, read anew when the files change. Connections
/// keep what they were made with. Thread-safe but for the members that say otherwise.
class TlsServer {
 public:
  /// TlsContext::server's errors.
  static Result<std::shared_ptr<TlsServer>> load(TlsServerConfig config);

  /// What new connections are made with.
  TlsContext::Ptr current() const NSQ_EXCLUDES(mutex_);

  /// Reads the files again. On an error, which is logged, everything stays as it was.
  void reload(const Logger& log) NSQ_EXCLUDES(mutex_);

  /// Looks at the files once a second and reloads when they are others, until it is cancelled. Run
  /// it once, on one thread, which also owns what it remembers of the files.
  boost::asio::awaitable<void> watch(Logger log);

 private:
  /// What tells one state of a file from another.
  struct FileState {
    dev_t device = 0;
    ino_t inode = 0;
    off_t bytes = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    bool operator==(const FileState&) const = default;
  };
  using FileStates = std::array<FileState, 3>;

  TlsServer(TlsServerConfig config, TlsContext::Ptr context);
  FileStates look() const;

  const TlsServerConfig config_;
  FileStates seen_;  // by watch()
  mutable Mutex mutex_;
  TlsContext::Ptr context_ NSQ_GUARDED_BY(mutex_);
};

/// Makes a connection that begins with TLS one over TLS, e.g. as HttpServerOptions::upgrade. One
/// whose handshake fails is logged and closed, and gives null.
std::function<boost::asio::awaitable<std::unique_ptr<ByteStream>>(std::unique_ptr<ByteStream>)>
tls_upgrade(std::shared_ptr<const TlsServer> tls, Logger log);

}  // namespace nsq::net
