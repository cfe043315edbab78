#include "common/net/tls_server.hpp"

#include <string>
#include <utility>
#include <vector>

#include "common/net/tls_stream.hpp"

namespace nsq::net {

namespace asio = boost::asio;

namespace {

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
    : config_(std::move(config)), context_(std::move(context)) {}

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

std::unique_ptr<FileWatch> watch_tls(asio::any_io_executor executor, std::shared_ptr<TlsServer> tls,
                                     Logger log) {
  const TlsServerConfig& config = tls->config();
  std::vector<std::string> paths{config.cert, config.key, config.root_ca};
  return std::make_unique<FileWatch>(std::move(executor), std::move(paths),
                                     [tls = std::move(tls), log] { tls->reload(log); });
}

std::function<asio::awaitable<std::unique_ptr<ByteStream>>(std::unique_ptr<ByteStream>)>
tls_upgrade(std::shared_ptr<const TlsServer> tls, Logger log) {
  return [tls = std::move(tls), log = std::move(log)](std::unique_ptr<ByteStream> stream) {
    return shake_hands(std::move(stream), tls->current(), log);
  };
}

}  // namespace nsq::net
