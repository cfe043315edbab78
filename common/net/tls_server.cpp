#include "common/net/tls_server.hpp"

#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/net/tls_stream.hpp"

namespace nsq::net {

namespace asio = boost::asio;

namespace {

/// Three calls of stat a second: a watch on directories would miss what symbolic links lead to.
constexpr Nanoseconds kLookInterval = Seconds(1);

asio::awaitable<std::unique_ptr<ByteStream>> shake_hands(std::unique_ptr<ByteStream> stream,
                                                         TlsContext::Ptr context, Logger log) {
  auto tls = TlsStream::make(std::move(stream), std::move(context), {});
  const auto done = co_await tls->handshake(kTlsHandshakeLimit);
  if (done) co_return std::move(tls);
  log.info("TLS: handshake error - {}", done.error().text());
  tls->close();
  co_return nullptr;
}

}  // namespace

Result<std::shared_ptr<TlsServer>> TlsServer::load(TlsServerConfig config) {
  auto context = TlsContext::server(config);
  if (!context) return std::unexpected(context.error());
  return std::shared_ptr<TlsServer>(new TlsServer(std::move(config), std::move(*context)));
}

TlsServer::TlsServer(TlsServerConfig config, TlsContext::Ptr context)
    : config_(std::move(config)), seen_(look()), context_(std::move(context)) {}

TlsContext::Ptr TlsServer::current() const {
  const MutexLock lock(mutex_);
  return context_;
}

void TlsServer::reload(const Logger& log) {
  auto context = TlsContext::server(config_);
  if (!context) {
    log.error("TLS: reloading failed, going on with what was loaded before - {}",
              context.error().text());
    return;
  }
  {
    const MutexLock lock(mutex_);
    context_.swap(*context);
  }
  log.info("TLS: reloaded certificate {}", config_.cert);
}

asio::awaitable<void> TlsServer::watch(Logger log) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    timer.expires_after(kLookInterval);
    co_await timer.async_wait(asio::use_awaitable);
    const FileStates now = look();
    if (now == seen_) continue;
    seen_ = now;
    reload(log);
  }
}

TlsServer::FileStates TlsServer::look() const {
  FileStates states;
  std::size_t at = 0;
  for (const std::string* path : {&config_.cert, &config_.key, &config_.root_ca}) {
    FileState& state = states[at++];
    struct stat file{};
    // A file that is missing for the moment is a state too.
    if (path->empty() || ::stat(path->c_str(), &file) != 0) continue;
    state = {.device = file.st_dev,
             .inode = file.st_ino,
             .bytes = file.st_size,
             .seconds = file.st_mtim.tv_sec,
             .nanoseconds = file.st_mtim.tv_nsec};
  }
  return states;
}

std::function<asio::awaitable<std::unique_ptr<ByteStream>>(std::unique_ptr<ByteStream>)>
tls_upgrade(std::shared_ptr<const TlsServer> tls, Logger log) {
  return [tls = std::move(tls), log = std::move(log)](std::unique_ptr<ByteStream> stream) {
    return shake_hands(std::move(stream), tls->current(), log);
  };
}

}  // namespace nsq::net
