#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "common/base/log.hpp"
#include "common/base/result.hpp"
#include "common/net/http_server.hpp"
#include "common/net/listener.hpp"
#include "common/net/task_group.hpp"
#include "common/net/tls_server.hpp"
#include "nsqlookupd/http/lookup_waiters.hpp"
#include "nsqlookupd/options/options.hpp"
#include "nsqlookupd/registry/registry.hpp"
#include "nsqlookupd/session/protocol.hpp"

namespace nsqlookupd {

/// nsqlookupd itself. One thread, the caller's of run(), does all of it, so that nothing is locked:
/// what a request costs is memory work of microseconds.
class Daemon final : private RegistryObserver {
 public:
  Daemon(Options options, nsq::Logger log);
  ~Daemon() override;
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Binds both listeners. Nothing is accepted yet. The error's text is complete: `listen (…)
  /// failed
  /// - …`.
  nsq::Result<void> bind();

  /// Serves until SIGINT or SIGTERM, then stops in order. @return the exit status: 0, or 1 when a
  /// listener failed.
  int run();

 private:
  void registered(const Peer& peer, const Key& key) override;
  void unregistered(const Peer& peer, const Key& key, Removal why) override;
  void topic_changed(std::string_view topic) override;
  void has_departed() override;

  boost::asio::awaitable<void> serve_tcp();
  void serve_peer(nsq::net::AcceptedSocket socket);
  boost::asio::awaitable<void> serve_secured(std::unique_ptr<nsq::net::ByteStream> stream,
                                             std::string remote);
  void serve_http();
  void forget_departed();
  void begin_stop(int status);
  boost::asio::awaitable<void> stop();

  const Options options_;
  const nsq::Logger log_;
  std::vector<char> scratch_;
  boost::asio::io_context context_{1};
  boost::asio::signal_set signals_;
  LookupWaiters waiters_;
  Registry registry_;
  SessionContext sessions_;
  nsq::net::TaskGroup tasks_;  // the TCP accept loop
  nsq::net::TaskGroup peers_;  // the sessions
  std::unique_ptr<nsq::net::Listener> tcp_listener_;
  std::unique_ptr<nsq::net::Listener> http_listener_;  // until it is given to http_
  std::unique_ptr<nsq::net::HttpServer> http_;
  std::shared_ptr<nsq::net::TlsServer> tls_;        // null without a certificate
  std::unique_ptr<nsq::net::FileWatch> tls_watch_;  // likewise
  bool stopping_ = false;
  int status_ = 0;
};

}  // namespace nsqlookupd
