#include "common/net/tls_server.hpp"

#include <sys/socket.h>

#include <string>
#include <utility>
#include <vector>

#include "common/net/address.hpp"
#include "common/net/socket_text.hpp"
#include "common/net/tls_stream.hpp"

namespace nsq::net {

namespace asio = boost::asio;

namespace {

/// Who is connected, ` from <ip:port>`; empty if the system does not know any more.
std::string origin(ByteStream& stream) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  auto* const address = reinterpret_cast<sockaddr*>(&peer);
  if (::getpeername(stream.native_handle(), address, &size) != 0) return {};
  return " from " + to_string(from_sockaddr(peer));
}

asio::awaitable<std::unique_ptr<ByteStream>> shake_hands(std::unique_ptr<ByteStream> stream,
                                                         TlsContext::Ptr context, Logger log) {
  const std::string from = origin(*stream);  // who is refused may be gone when that is known
  auto tls = TlsStream::make(std::move(stream), std::move(context), {});
  const auto done = co_await tls->handshake(kTlsHandshakeLimit);
  if (done) co_return std::move(tls);
  log.info("TLS: handshake error{} - {}", from, done.error().text());
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
