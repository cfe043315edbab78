#include "nsqd/daemon/daemon.hpp"

#include <csignal>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/core.h>

#include "common/base/thread_name.hpp"
#include "common/net/address.hpp"
#include "common/net/http_access_log.hpp"
#include "nsqd/http/guard.hpp"
#include "nsqd/migrate/upstream_import.hpp"
#include "nsqd/stats/snapshot.hpp"

namespace nsqd {

using boost::asio::awaitable;
using nsq::net::Address;
using nsq::net::Listener;

namespace {

/// The port that a listener got; nothing for a unix socket.
std::optional<std::uint16_t> real_port(const Address& address) {
  if (address.is_unix()) return std::nullopt;
  return address.port;
}

/// How long running requests may take to end when the daemon stops.
constexpr nsq::Nanoseconds kHttpGrace = nsq::Seconds(2);

QueueLimits queue_limits(const Options& options) {
  QueueLimits limits;
  limits.mem_queue_size = static_cast<std::uint64_t>(options.mem_queue_size);
  limits.mem_queue_bytes = static_cast<std::uint64_t>(options.mem_queue_bytes);
  limits.max_memory = static_cast<std::uint64_t>(options.max_memory);
  limits.max_msg_timeout = options.max_msg_timeout;
  limits.max_req_timeout = options.max_req_timeout;
  limits.max_channel_consumers = static_cast<std::size_t>(options.max_channel_consumers);
  if (!options.e2e_processing_latency_percentiles.empty()) {
    limits.latencies = std::make_shared<const LatencyConfig>(
        LatencyConfig{.quantiles = options.e2e_processing_latency_percentiles,
                      .window = options.e2e_processing_latency_window_time});
  }
  return limits;
}

migrate::ImportConfig import_config(const Options& options) {
  migrate::ImportConfig config;
  config.database.data_path = options.data_path;
  config.database.min_free_disk = static_cast<std::uint64_t>(options.min_free_disk);
  config.max_body_bytes = static_cast<std::size_t>(options.max_msg_size);
  config.durability = options.durability;
  return config;
}

Store::Config store_config(const Options& options) {
  Store::Config config;
  config.database.data_path = options.data_path;
  config.database.min_free_disk = static_cast<std::uint64_t>(options.min_free_disk);
  config.sync.every = static_cast<std::uint64_t>(options.sync_every);
  config.sync.timeout = options.sync_timeout;
  return config;
}

}  // namespace

Daemon::Daemon(Options options, nsq::Logger log)
    : options_(std::move(options)),
      log_(std::move(log)),
      signals_(context_),
      tasks_(context_.get_executor(), log_),
      deadlines_(context_, [this] { store_.commit_deadlines(); }),
      store_(store_config(options_), health_, log_,
             [this](auto work) {
               boost::asio::post(context_, [this, work = std::move(work)]() mutable {
                 work();
                 store_.commit_deadlines();
               });
             }),
      broker_(queue_limits(options_), static_cast<std::uint32_t>(options_.node_id),
              deadlines_.index(), *this, &store_, options_.durability),
      settings_(options_.lookupd_tcp_addresses),
      tcp_(sessions_, log_) {}

Daemon::~Daemon() = default;

nsq::Result<void> Daemon::load() {
  if (auto imported = migrate::import_upstream(import_config(options_), log_); !imported) {
    return imported;
  }
  return store_.open(broker_);
}

nsq::Result<void> Daemon::bind() {
  if (auto prepared = prepare_auth(); !prepared) return prepared;
  const auto listen = [&](const std::string& address, const char* name) {
    const auto parsed = nsq::net::parse_address(address);
    if (!parsed) {
      return nsq::Result<std::unique_ptr<Listener>>(
          nsq::fail(parsed.error().code,
                    fmt::format("listen ({}) failed - {}", address, parsed.error().text())));
    }
    return Listener::bind(context_.get_executor(), *parsed, name, log_);
  };
  auto tcp = listen(options_.tcp_address, "TCP");
  if (!tcp) return std::unexpected(tcp.error());
  tcp_listener_ = std::move(*tcp);
  if (!options_.http_address.empty()) {
    auto http = listen(options_.http_address, "HTTP");
    if (!http) return std::unexpected(http.error());
    http_listener_ = std::move(*http);
  }
  if (auto loaded = load_tls(); !loaded) return loaded;
  if (tls_ && !options_.https_address.empty()) {
    auto https = listen(options_.https_address, "HTTPS");
    if (!https) return std::unexpected(https.error());
    https_listener_ = std::move(*https);
  }
  RealPorts ports;
  ports.tcp = real_port(tcp_listener_->local_address());
  if (http_listener_) {
    ports.http = real_port(http_listener_->local_address());
  } else if (https_listener_) {
    ports.http = real_port(https_listener_->local_address());
  }
  options_ = resolve_effective(std::move(options_), ports);

  info_.start_time = nsq::read_clock().wall;
  info_.hostname = os_hostname();
  info_.broadcast_address = options_.broadcast_address;
  info_.tcp_port = ports.tcp ? *ports.tcp : -1;
  if (http_listener_) info_.http_port = ports.http ? *ports.http : -1;
  lookup_ = std::make_unique<Lookup>(
      context_.get_executor(), lookup_settings(options_), broker_,
      [this] { return settings_.lookupd_addresses(); }, log_);
  settings_.on_lookupd_addresses([this] { lookup_->addresses_changed(); });
  return {};
}

nsq::Result<void> Daemon::load_tls() {
  if (!has_certificate(options_)) return {};
  auto loaded = nsq::net::TlsServer::load(tls_server_config(options_));
  if (!loaded) {
    return nsq::fail(loaded.error().code, "failed to build TLS config - " + loaded.error().text());
  }
  tls_ = std::move(*loaded);
  tls_watch_ = nsq::net::watch_tls(context_.get_executor(), tls_, log_);
  return {};
}

nsq::Result<void> Daemon::prepare_auth() {
  if (options_.auth_file.empty() && options_.auth_http_addresses.empty()) return {};
  auto servers = auth_server_settings(options_);
  if (!servers) return std::unexpected(servers.error());
  authority_ = std::make_unique<Authority>(std::move(*servers), log_,
                                           options_.tls_client_auth_policy == "require-verify");
  if (options_.auth_file.empty()) {
    if (!options_.http_address.empty()) {
      log_.warn("AUTH: auth servers do not guard the HTTP API; --auth-file does");
    }
    return {};
  }
  auth_file_ = std::make_unique<AuthFileWatch>(context_.get_executor(), options_.auth_file,
                                               *authority_, log_);
  return auth_file_->load();
}

int Daemon::run() {
  lookup_->start();
  if (auth_file_) auth_file_->start();
  start_io_threads();
  signals_.add(SIGINT);
  signals_.add(SIGTERM);
  signals_.async_wait([this](boost::system::error_code error, int) {
    if (!error) begin_stop(0);
  });
  tasks_.spawn("TCP listener", serve_tcp());
  serve_http();
  if (tls_watch_) tls_watch_->start();
  if (!options_.statsd_address.empty()) start_statsd();
  context_.run();
  for (const auto& thread : io_threads_) thread->join();
  store_.close();
  log_.info("NSQ: bye");
  return status_;
}

void Daemon::start_io_threads() {
  boost::asio::post(background_, [] { nsq::name_this_thread("nsqd-background"); });
  instruments_.store = &store_;
  instruments_.max_memory = static_cast<std::uint64_t>(options_.max_memory);
  instruments_.per_client = options_.metrics_per_client;
  for (unsigned i = 0; i < effective_io_threads(options_); ++i) {
    const auto make_commits = [this](boost::asio::io_context& context) {
      return store_.make_journal(
          [&context](auto work) { boost::asio::post(context, std::move(work)); });
    };
    auto& thread = *io_threads_.emplace_back(std::make_unique<IoThread>(make_commits, log_));
    sessions_.push_back(std::make_unique<SessionContext>(thread, broker_, clients_, options_, log_,
                                                         tls_, authority_.get()));
    instruments_.threads.push_back(&thread.metrics());
    thread.start();
  }
}

awaitable<void> Daemon::serve_tcp() {
  const auto ended = co_await tcp_.run(*tcp_listener_);
  if (ended || stopping_) co_return;
  log_.fatal("{}", ended.error().text());
  begin_stop(1);
}

void Daemon::serve_http() {
  if (http_listener_) {
    nsq::net::HttpServerOptions options;
    if (options_.tls_required == TlsRequired::yes) options.refuse_with = tls_required_answer();
    http_ = make_http(std::move(options));
    http_->start(std::move(http_listener_));
  }
  if (https_listener_) {
    nsq::net::HttpServerOptions options;
    options.upgrade = nsq::net::tls_upgrade(tls_, log_);
    https_ = make_http(std::move(options));
    https_->start(std::move(https_listener_));
  }
}

/// To all that comes over plain HTTP while TLS is required: spec/nsqd.md 4.3.
nsq::net::HttpResponse Daemon::tls_required_answer() const {
  const int port = https_listener_ ? https_listener_->local_address().port : 0;
  return nsq::net::json_response(
      fmt::format(R"({{"message": "TLS_REQUIRED", "https_port": {}}})", port), 403);
}

std::unique_ptr<nsq::net::HttpServer> Daemon::make_http(nsq::net::HttpServerOptions options) {
  std::vector<nsq::net::HttpThread> threads;
  for (const auto& thread : io_threads_) {
    nsq::net::HttpThread http;
    http.executor = thread->context().get_executor();
    http.read_buffer = thread->scratch().read;
    http.router = make_api_router({broker_, clients_, thread->commits(), options_, info_, health_,
                                   settings_, background_.get_executor(), log_, authority_.get(),
                                   instruments_, &thread->metrics()});
    threads.push_back(std::move(http));
  }
  options.access_log = nsq::net::make_access_log(log_);
  if (auth_file_) options.guard = make_api_guard(*authority_, log_);
  options.on_fatal = [this](const nsq::Error& error) {
    log_.fatal("{}", error.text());
    begin_stop(1);
  };
  return std::make_unique<nsq::net::HttpServer>(std::move(threads), std::move(options), log_);
}

void Daemon::start_statsd() {
  const auto report = std::make_shared<StatsdReport>(
      StatsdFormat{.prefix = options_.statsd_prefix,
                   .packet_bytes = static_cast<std::size_t>(options_.statsd_udp_packet_size),
                   .exclude_ephemeral = options_.statsd_exclude_ephemeral});
  const auto make = [this, report] {
    const StatsFilter filter{.include_clients = false, .include_mem = options_.statsd_mem_stats};
    const StatsSource source{.broker = broker_,
                             .clients = clients_,
                             .health = health_,
                             .start_time = info_.start_time,
                             .e2e_percentiles = options_.e2e_processing_latency_percentiles};
    return report->write(take_stats(source, filter, nsq::read_clock().wall));
  };
  statsd_ =
      std::make_unique<StatsdPusher>(context_.get_executor(),
                                     StatsdPusher::Settings{.address = options_.statsd_address,
                                                            .interval = options_.statsd_interval},
                                     make, log_);
  tasks_.spawn("STATSD", statsd_->run());
}

void Daemon::begin_stop(int status) {
  if (std::exchange(stopping_, true)) return;
  status_ = status;
  boost::asio::co_spawn(context_, stop(), [this](std::exception_ptr error) {
    if (error) log_.error("NSQ: stopping failed, ending at once");
    context_.stop();
  });
}

/// Nothing new, then what is running ends, then what it ran on: spec/nsqd.md 5.12.
awaitable<void> Daemon::stop() {
  signals_.cancel();
  if (tls_watch_) tls_watch_->stop();
  if (auth_file_) auth_file_->stop();
  tcp_listener_->close();
  lookup_->close();
  if (statsd_) statsd_->stop();
  co_await end_sessions();
  if (http_) co_await http_->stop(kHttpGrace);
  if (https_) co_await https_->stop(kHttpGrace);
  log_.info("NSQ: closing topics");
  broker_.close();
  log_.info("NSQ: stopping subsystems");
  co_await lookup_->wait();
  deadlines_.stop();
  for (const auto& thread : io_threads_) thread->stop();
  co_await tasks_.stop(kHttpGrace);
}

awaitable<void> Daemon::end_sessions() {
  for (const auto& thread : io_threads_) {
    // Named first: a coroutine lambda inside the co_await expression would not outlive it.
    auto cancel_and_wait = [](IoThread& io) -> awaitable<void> {
      co_await io.tasks().stop(nsq::Nanoseconds::zero());
    };
    co_await boost::asio::co_spawn(thread->context(), cancel_and_wait(*thread),
                                   boost::asio::use_awaitable);
  }
}

void Daemon::topic_created(const Topic& topic) {
  log_.info("TOPIC({}): created", topic.name().view());
  lookup_->topic_created(topic);
}

void Daemon::topic_deleted(const Topic& topic) {
  log_.info("TOPIC({}): deleting", topic.name().view());
  lookup_->topic_deleted(topic);
}

void Daemon::channel_created(const Topic& topic, const Channel& channel) {
  log_.info("TOPIC({}): new channel({})", topic.name().view(), channel.name());
  lookup_->channel_created(topic, channel);
}

void Daemon::channel_deleted(const Topic& topic, const Channel& channel) {
  log_.info("TOPIC({}): deleting channel {}", topic.name().view(), channel.name());
  log_.info("CHANNEL({}): deleting", channel.name());
  lookup_->channel_deleted(topic, channel);
}

}  // namespace nsqd
