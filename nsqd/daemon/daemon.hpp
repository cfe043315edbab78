#pragma once

#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>

#include "common/base/log.hpp"
#include "common/base/result.hpp"
#include "common/net/http_server.hpp"
#include "common/net/task_group.hpp"
#include "common/net/tls_server.hpp"
#include "nsqd/auth/auth_file_watch.hpp"
#include "nsqd/auth/authority.hpp"
#include "nsqd/daemon/tcp_server.hpp"
#include "nsqd/http/api.hpp"
#include "nsqd/http/runtime_settings.hpp"
#include "nsqd/lookup/lookup.hpp"
#include "nsqd/options/options.hpp"
#include "nsqd/queue/broker.hpp"
#include "nsqd/session/io_thread.hpp"
#include "nsqd/stats/client_registry.hpp"
#include "nsqd/stats/prometheus.hpp"
#include "nsqd/stats/statsd_pusher.hpp"
#include "nsqd/stats/statsd_report.hpp"
#include "nsqd/storage/health.hpp"
#include "nsqd/storage/store.hpp"

namespace nsqd {

/// nsqd itself. Its own thread, the caller's of run(), accepts connections, waits for signals and
/// keeps the broker's deadlines; connections live on the I/O threads.
class Daemon final : private BrokerObserver {
 public:
  Daemon(Options options, nsq::Logger log);
  ~Daemon() override;
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Imports what upstream left, opens the log and brings the broker up to where it was. The
  /// error's text is complete.
  nsq::Result<void> load();

  /// Binds all listeners. Nothing is accepted yet. The error's text is complete: `listen (…) failed
  /// …`.
  nsq::Result<void> bind();

  /// Serves until SIGINT or SIGTERM, then stops in order. @return the exit status: 0, or 1 when a
  /// listener failed.
  int run();

 private:
  bool prepares_channels() const override { return lookup_->prepares_channels(); }
  void topic_created(const Topic& topic) override;
  void topic_deleted(const Topic& topic) override;
  void channel_created(const Topic& topic, const Channel& channel) override;
  void channel_deleted(const Topic& topic, const Channel& channel) override;

  nsq::Result<void> prepare_auth();
  void start_io_threads();
  void serve_http();
  std::unique_ptr<nsq::net::HttpServer> make_http(nsq::net::HttpServerOptions options);
  nsq::Result<void> load_tls();
  nsq::net::HttpResponse tls_required_answer() const;
  void start_statsd();
  boost::asio::awaitable<void> serve_tcp();
  boost::asio::awaitable<void> stop();
  boost::asio::awaitable<void> end_sessions();
  void begin_stop(int status);

  Options options_;
  const nsq::Logger log_;
  boost::asio::io_context context_{1};
  boost::asio::signal_set signals_;
  nsq::net::TaskGroup tasks_;
  Health health_;
  DeadlineTimer deadlines_;
  Store store_;
  Broker broker_;
  ClientRegistry clients_;
  RuntimeSettings settings_;
  DaemonInfo info_;
  std::unique_ptr<Authority> authority_;      // with AUTH, from bind() on
  std::unique_ptr<AuthFileWatch> auth_file_;  // with an auth file, from bind() on
  Instruments instruments_;                   // constant once the HTTP server runs
  std::unique_ptr<Lookup> lookup_;            // from bind() on
  std::unique_ptr<StatsdPusher> statsd_;      // null: off
  std::vector<std::unique_ptr<IoThread>> io_threads_;
  std::vector<std::unique_ptr<SessionContext>> sessions_;
  std::unique_ptr<nsq::net::Listener> tcp_listener_;
  std::unique_ptr<nsq::net::Listener> http_listener_;   // until it is given to http_
  std::unique_ptr<nsq::net::Listener> https_listener_;  // likewise; null without TLS
  std::unique_ptr<nsq::net::HttpServer> http_;
  std::unique_ptr<nsq::net::HttpServer> https_;
  std::shared_ptr<nsq::net::TlsServer> tls_;        // null without a certificate
  std::unique_ptr<nsq::net::FileWatch> tls_watch_;  // likewise
  TcpServer tcp_;
  boost::asio::thread_pool background_{1};  // statistics; ends before what they are of
  bool stopping_ = false;
  int status_ = 0;
};

}  // namespace nsqd
