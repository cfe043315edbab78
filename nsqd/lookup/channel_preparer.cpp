#include "nsqd/lookup/channel_preparer.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "common/net/address.hpp"
#include "common/net/http_client.hpp"
#include "common/net/percent_encode.hpp"

namespace nsqd {

namespace asio = boost::asio;
using asio::awaitable;
using nsq::Errc;
using nsq::Result;

namespace {

/// Topics that are asked about at the same time.
constexpr std::size_t kMaxWorkers = 16;

/// More channels than this of one topic are not believed.
constexpr std::size_t kMaxChannels = 1024;

void hand_out(Topic& topic) {
  Effects effects;
  topic.channels_prepared(effects);
  effects.run();
}

}  // namespace

ChannelPreparer::ChannelPreparer(asio::any_io_executor executor, const LookupSettings& settings,
                                 Broker& broker, std::function<std::vector<LookupdHttp>()> known,
                                 nsq::Logger log)
    : settings_(settings),
      broker_(broker),
      known_(std::move(known)),
      log_(std::move(log)),
      tasks_(std::move(executor), log_) {}

void ChannelPreparer::prepare(std::shared_ptr<Topic> topic) {
  const auto deadline = nsq::read_clock().mono + settings_.longest_preparation();
  waiting_.push_back({std::move(topic), deadline});
  if (workers_ >= kMaxWorkers) return;
  ++workers_;
  tasks_.spawn("channel lookup", work());
}

void ChannelPreparer::cancel() {
  tasks_.cancel();
}

awaitable<void> ChannelPreparer::wait() {
  co_await tasks_.wait();
}

/// First come, first served: when a topic's deadline passes, those of all before it have passed
/// too, so a worker is there to let it go.
awaitable<void> ChannelPreparer::work() {
  struct Count {
    std::size_t& workers;
    ~Count() { --workers; }
  } const count{workers_};
  while (!waiting_.empty()) {
    Work next = std::move(waiting_.front());
    waiting_.pop_front();
    co_await prepare_one(std::move(next));
  }
}

awaitable<void> ChannelPreparer::prepare_one(Work work) {
  struct HandOut {
    Topic& topic;
    ~HandOut() { hand_out(topic); }
  } const at_the_end{*work.topic};  // also when something goes wrong
  const auto names = co_await ask_all(work.topic->name().str(), work.deadline);
  create(work.topic, names);
}

/// The names that any of them knows.
awaitable<ChannelPreparer::Names> ChannelPreparer::ask_all(std::string topic,
                                                           nsq::MonoTime deadline) {
  const auto executor = co_await asio::this_coro::executor;
  const auto addresses = known_();
  if (addresses.empty()) {
    log_.error("no available nsqlookupd to query for channels to pre-create for topic {}", topic);
    co_return Names();
  }
  using Asking = decltype(asio::co_spawn(executor, ask({}, {}, {}), asio::deferred));
  std::vector<Asking> asking;
  for (const auto& each : addresses) {
    asking.push_back(asio::co_spawn(executor, ask(each, topic, deadline), asio::deferred));
  }
  auto group = asio::experimental::make_parallel_group(std::move(asking));
  auto [order, thrown, answers] =
      co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  std::set<std::string> names;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (thrown[i]) std::rethrow_exception(thrown[i]);
    if (answers[i]) {
      names.insert(answers[i]->begin(), answers[i]->end());
    } else {
      log_.warn("failed to query nsqlookupd for channels to pre-create for topic {} - {}", topic,
                nsq::printable(answers[i].error().text()));
    }
  }
  co_return Names(names.begin(), names.end());
}

awaitable<Result<ChannelPreparer::Names>> ChannelPreparer::ask(LookupdHttp where, std::string topic,
                                                               nsq::MonoTime deadline) {
  const auto left = deadline - nsq::read_clock().mono;
  if (left <= nsq::Nanoseconds::zero()) co_return nsq::fail(Errc::timed_out, "too many new topics");
  nsq::net::HttpRequestSpec request;
  request.host = std::move(where.host);
  request.port = where.port;
  request.target = "/channels?topic=" + nsq::net::percent_encode(topic);
  request.headers = {{"Accept", "application/vnd.nsq; version=1.0"}};
  request.connect_timeout = std::min(settings_.http_connect_timeout, left);
  request.request_timeout = std::min(settings_.http_request_timeout, left);
  request.max_reply_bytes = settings_.max_reply_bytes;
  if (settings_.tls) {
    auto tls = nsq::net::TlsContext::client(*settings_.tls);
    if (!tls) co_return std::unexpected(tls.error());
    request.tls = std::move(*tls);
  }
  const std::string url =
      fmt::format("{}://{}{}", request.tls ? "https" : "http",
                  nsq::net::join_host_port(request.host, request.port), request.target);
  log_.info("CI: querying nsqlookupd {}", nsq::printable(url));
  const auto reply = co_await nsq::net::http_request(std::move(request));
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->status != 200) {
    co_return nsq::fail(Errc::rejected, fmt::format("got response {} from {}", reply->status, url));
  }
  co_return parse_channels_answer(reply->body);
}

void ChannelPreparer::create(const std::shared_ptr<Topic>& topic, const Names& names) {
  std::size_t created = 0;
  for (const auto& each : names) {
    const auto name = nsq::wire::ChannelName::parse(each);
    if (!name || name->ephemeral()) continue;
    if (++created > kMaxChannels) {
      log_.error("TOPIC({}): nsqlookupd knows too many channels, creating {}", topic->name().view(),
                 kMaxChannels);
      return;
    }
    // It fails only if the topic was deleted meanwhile, and then nothing is to be done.
    if (!broker_.get_or_create_channel(topic, *name)) return;
  }
}

}  // namespace nsqd
