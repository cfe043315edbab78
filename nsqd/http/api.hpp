#pragma once

#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "common/net/http_router.hpp"
#include "nsqd/auth/authority.hpp"
#include "nsqd/http/runtime_settings.hpp"
#include "nsqd/options/options.hpp"
#include "nsqd/queue/broker.hpp"
#include "nsqd/stats/client_registry.hpp"
#include "nsqd/stats/prometheus.hpp"
#include "nsqd/stats/snapshot.hpp"
#include "nsqd/storage/commit_queue.hpp"
#include "nsqd/storage/health.hpp"

namespace nsqd {

/// What is known of the daemon once its listeners are bound. Constant from then on.
struct DaemonInfo {
  nsq::WallTime start_time{};
  std::string hostname;           ///< the operating system's
  std::string broadcast_address;  ///< as configured
  int tcp_port = -1;              ///< the real one; -1 for a unix socket
  int http_port = 0;              ///< likewise; 0 without HTTP
};

inline const Instruments kNoInstruments;

/// What the handlers of one I/O thread work on. All of it outlives the router.
struct ApiContext {
  Broker& broker;
  const ClientRegistry& clients;
  CommitQueue& commits;    ///< that thread's own; all the rest is shared by the threads
  const Options& options;  ///< effective: see resolve_effective
  const DaemonInfo& info;
  const Health& health;
  RuntimeSettings& settings;
  boost::asio::any_io_executor background;  ///< for what would hold the connections up
  nsq::Logger logger;
  const Authority* authority = nullptr;  ///< whose auth file guards the API; null: it is open
  const Instruments& instruments = kNoInstruments;
  ThreadMetrics* metrics = nullptr;  ///< of that thread; null: nothing is measured

  StatsSource stats_source() const {
    return {.broker = broker,
            .clients = clients,
            .health = health,
            .start_time = info.start_time,
            .e2e_percentiles = options.e2e_processing_latency_percentiles};
  }
};

/// The HTTP API of spec/nsqd.md 6, for the connections of one I/O thread: an HttpServer must run
/// its handlers on the thread that `context.commits` lives on.
std::shared_ptr<const nsq::net::HttpRouter> make_api_router(const ApiContext& context);

}  // namespace nsqd
