#include "nsqlookupd/daemon/daemon.hpp"

#include <csignal>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/core.h>

#include "common/base/bytes.hpp"
#include "common/base/hostname.hpp"
#include "common/net/address.hpp"
#include "common/net/http_access_log.hpp"
#include "nsqlookupd/http/api.hpp"
#include "nsqlookupd/session/identify.hpp"
#include "nsqlookupd/session/session.hpp"

namespace nsqlookupd {

namespace asio = boost::asio;
using asio::awaitable;
using nsq::net::AcceptedSocket;
using nsq::net::Listener;
using nsq::operator""_KiB;

namespace {

/// How long running requests may take to end when the daemon stops.
constexpr nsq::Nanoseconds kHttpGrace = nsq::Seconds(2);

/// What is forgotten of departed peers before others have their turn: about a millisecond's work.
constexpr std::size_t kForgottenPerTurn = 512;

nsq::Result<std::unique_ptr<Listener>> listen(asio::io_context& context, const std::string& text,
                                              std::string name, const nsq::Logger& log) {
  const auto refused = [&](const nsq::Error& error) {
    return nsq::fail(error.code, fmt::format("listen ({}) failed - {}", text, error.text()));
  };
  // What is no host:port would be a unix socket's path, which no nsqd could be told of.
  if (const auto split = nsq::net::split_host_port(text); !split) return refused(split.error());
  const auto address = nsq::net::parse_address(text);
  if (!address) return refused(address.error());
  return Listener::bind(context.get_executor(), *address, std::move(name), log);
}

/// Keeps the session in its frame.
awaitable<void> serve(SessionContext& context, std::span<char> scratch,
                      std::unique_ptr<nsq::net::ByteStream> stream, std::string remote) {
  Session session(context, scratch, std::move(stream), std::move(remote));
  co_await session.run();
}

}  // namespace

Daemon::Daemon(Options options, nsq::Logger log)
    : options_(std::move(options)),
      log_(std::move(log)),
      scratch_(64_KiB),
      signals_(context_),
      waiters_(context_.get_executor()),
      registry_({.inactive_producer_timeout = options_.inactive_producer_timeout,
                 .tombstone_lifetime = options_.tombstone_lifetime},
                *this),
      sessions_{registry_, {}, log_},
      tasks_(context_.get_executor(), log_),
      peers_(context_.get_executor(), log_) {}

Daemon::~Daemon() = default;

nsq::Result<void> Daemon::bind() {
  if (has_certificate(options_)) {
    auto loaded = nsq::net::TlsServer::load(tls_server_config(options_));
    if (!loaded) return std::unexpected(loaded.error());
    tls_ = std::move(*loaded);
    tls_watch_ = nsq::net::watch_tls(context_.get_executor(), tls_, log_);
  }
  auto tcp = listen(context_, options_.tcp_address, "TCP", log_);
  if (!tcp) return std::unexpected(tcp.error());
  tcp_listener_ = std::move(*tcp);
  auto http = listen(context_, options_.http_address, "HTTP", log_);
  if (!http) return std::unexpected(http.error());
  http_listener_ = std::move(*http);
  sessions_.identify_reply = identify_reply({.broadcast_address = options_.broadcast_address,
                                             .hostname = nsq::os_hostname(),
                                             .tcp_port = tcp_listener_->local_address().port,
                                             .http_port = http_listener_->local_address().port});
  return {};
}

int Daemon::run() {
  signals_.add(SIGINT);
  signals_.add(SIGTERM);
  signals_.async_wait([this](boost::system::error_code error, int) {
    if (!error) begin_stop(0);
  });
  tasks_.spawn("TCP listener", serve_tcp());
  serve_http();
  if (tls_watch_) tls_watch_->start();
  context_.run();
  return status_;
}

awaitable<void> Daemon::serve_tcp() {
  const auto ended = co_await tcp_listener_->accept_loop(
      [this](AcceptedSocket socket) { serve_peer(std::move(socket)); });
  if (ended || stopping_) co_return;
  log_.fatal("{}", ended.error().text());
  begin_stop(1);
}

void Daemon::serve_peer(AcceptedSocket accepted) {
  log_.info("TCP: new client({})", accepted.remote());
  auto socket = accepted.attach(context_.get_executor());
  if (!socket) {
    log_.error("client({}) - {}", accepted.remote(), socket.error().text());
    return;
  }
  auto stream = nsq::net::make_plain_stream(std::move(*socket));
  const std::string name = "client(" + accepted.remote() + ")";
  if (tls_) {
    peers_.spawn(name, serve_secured(std::move(stream), accepted.remote()));
  } else {
    peers_.spawn(name, serve(sessions_, scratch_, std::move(stream), accepted.remote()));
  }
}

awaitable<void> Daemon::serve_secured(std::unique_ptr<nsq::net::ByteStream> stream,
                                      std::string remote) {
  const auto upgrade = nsq::net::tls_upgrade(tls_, log_);
  stream = co_await upgrade(std::move(stream));
  if (!stream) co_return;
  co_await serve(sessions_, scratch_, std::move(stream), std::move(remote));
}

void Daemon::serve_http() {
  nsq::net::HttpThread thread;
  thread.executor = context_.get_executor();
  thread.read_buffer = scratch_;
  thread.router = make_api_router({registry_, waiters_, log_, nsq::read_clock().wall});
  nsq::net::HttpServerOptions options;
  if (tls_) options.upgrade = nsq::net::tls_upgrade(tls_, log_);
  options.access_log = nsq::net::make_access_log(log_);
  options.on_fatal = [this](const nsq::Error& error) {
    log_.fatal("{}", error.text());
    begin_stop(1);
  };
  std::vector<nsq::net::HttpThread> threads;
  threads.push_back(std::move(thread));
  http_ = std::make_unique<nsq::net::HttpServer>(std::move(threads), std::move(options), log_);
  http_->start(std::move(http_listener_));
}

void Daemon::begin_stop(int status) {
  if (std::exchange(stopping_, true)) return;
  status_ = status;
  asio::co_spawn(context_, stop(), [this](const std::exception_ptr& error) {
    if (error) log_.error("stopping failed, ending at once");
    context_.stop();
  });
}

/// Nothing new, then what is running ends: spec/nsqlookupd.md 2.3.
awaitable<void> Daemon::stop() {
  signals_.cancel();
  if (tls_watch_) tls_watch_->stop();
  tcp_listener_->close();
  co_await peers_.stop(nsq::Nanoseconds::zero());
  waiters_.stop();
  co_await http_->stop(kHttpGrace);
  co_await tasks_.stop(kHttpGrace);
}

void Daemon::registered(const Peer& peer, const Key& key) {
  log_.info("DB: client({}) REGISTER category:{} key:{} subkey:{}", peer.id(),
            to_string(key.category), key.key, key.subkey);
}

void Daemon::unregistered(const Peer& peer, const Key& key, Removal why) {
  if (why == Removal::with_topic) {
    log_.warn("client({}) unexpected UNREGISTER category:{} key:{} subkey:{}", peer.id(),
              to_string(key.category), key.key, key.subkey);
  } else {
    log_.info("DB: client({}) UNREGISTER category:{} key:{} subkey:{}", peer.id(),
              to_string(key.category), key.key, key.subkey);
  }
}

void Daemon::topic_changed(std::string_view topic) {
  waiters_.topic_changed(topic);
}

void Daemon::has_departed() {
  asio::post(context_, [this] { forget_departed(); });
}

void Daemon::forget_departed() {
  if (registry_.forget_some(kForgottenPerTurn)) has_departed();
}

}  // namespace nsqlookupd
