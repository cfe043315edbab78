#include "clients/nsq/consumer_impl.hpp"

#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "clients/nsq/client_ids.hpp"
#include "common/wire/client_commands.hpp"

namespace nsq::client {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr Nanoseconds kDestroyLimit = Seconds(1);

}  // namespace

Consumer::Impl::Impl(asio::any_io_executor executor, wire::TopicName topic,
                     wire::ChannelName channel, Options options, ConsumerSetup setup)
    : executor_(std::move(executor)),
      topic_(std::move(topic)),
      channel_(std::move(channel)),
      options_(std::make_shared<const Options>(std::move(options))),
      log_{setup.logger,
           fmt::format("{:>3} [{}/{}]", next_client_id(), topic_.view(), channel_.view())},
      hooks_(std::move(setup.hooks)),
      pull_(setup.pull),
      flow_(std::move(setup.flow)),
      handlers_(std::make_shared<HandlerContext>(executor_)),
      rdy_({.idle = options_->low_rdy_idle_timeout, .held = options_->low_rdy_timeout}),
      max_in_flight_(options_->max_in_flight),
      redistribute_(executor_),
      stop_deadline_(executor_),
      done_(executor_, asio::steady_timer::time_point::max()) {
  handlers_->logger = log_.logger;
  handlers_->tag = log_.tag;
  handlers_->max_attempts = options_->max_attempts;
  handlers_->give_up = hooks_.give_up;
}

void Consumer::Impl::init() {
  const std::weak_ptr<Impl> weak = weak_from_this();
  mailbox_ = std::make_shared<ResponseMailbox>(
      executor_, [weak](const std::vector<detail::Response>& responses) {
        if (auto self = weak.lock()) self->on_responses(responses);
      });
  threads_ = std::make_unique<HandlerThreads>(handlers_, [box = mailbox_] { box->poke(); });
  discovery_ = std::make_unique<Discovery>(
      executor_, Discovery::Setup{.options = options_,
                                  .log = log_,
                                  .topic = topic_,
                                  .found = [weak](const std::vector<Address>& nsqds) {
                                    if (auto self = weak.lock()) self->on_found(nsqds);
                                  }});
  flow_->start([weak] {
    if (auto self = weak.lock()) self->update_budget();
  });
  update_budget();
}

// ---- handlers

Result<void> Consumer::Impl::may_add_handler() const {
  if (ever_connected_) return fail(Errc::bad_config, "already connected");
  if (pull_) return fail(Errc::bad_config, "messages are pulled");
  return {};
}

Result<void> Consumer::Impl::add_handler(Handler handler, unsigned concurrency) {
  if (auto ok = may_add_handler(); !ok) return ok;
  if (concurrency == 0) concurrency = static_cast<unsigned>(options_->handler_concurrency);
  has_handlers_ = true;
  threads_->start(std::move(handler), concurrency);
  return {};
}

Result<void> Consumer::Impl::add_async_handler(AsyncHandler handler, unsigned concurrency) {
  if (auto ok = may_add_handler(); !ok) return ok;
  if (concurrency == 0) concurrency = static_cast<unsigned>(options_->handler_concurrency);
  has_handlers_ = true;
  for (unsigned i = 0; i < concurrency; ++i) {
    ++coroutines_;
    asio::co_spawn(executor_, run_handler(handlers_, handler),
                   [weak = weak_from_this()](std::exception_ptr) {
                     auto self = weak.lock();
                     if (!self) return;
                     --self->coroutines_;
                     self->check_stopped();
                   });
  }
  return {};
}

asio::awaitable<Result<Message>> Consumer::Impl::next() {
  const auto handlers = handlers_;
  for (;;) {
    auto message = co_await handlers->queue.pop();
    if (!message) co_return fail(Errc::closed, "stopped");
    if (admit(*handlers, *message)) co_return *std::move(message);
  }
}

// ---- the end

void Consumer::Impl::stop() {
  if (stop_asked_.exchange(true)) return;
  asio::post(executor_, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->do_stop();
  });
}

void Consumer::Impl::do_stop() {
  if (stopping_) return;
  stopping_ = true;
  log_.logger.info("{} stopping...", log_.tag);
  redistribute_.cancel();
  discovery_->stop();
  const auto peers = peers_;
  for (const auto& [address, peer] : peers) leave(*peer);
  stop_deadline_.expires_after(options_->stop_timeout);
  stop_deadline_.async_wait([weak = weak_from_this()](error_code code) {
    auto self = weak.lock();
    if (!code && self) self->stop_expired();
  });
  check_stopped();
}

/// The time is over: what is unanswered is left to the servers.
void Consumer::Impl::stop_expired() {
  if (complete_) return;
  report_.drained = false;
  const auto active = active_;
  for (const auto& [id, peer] : active) {
    report_.abandoned += peer->in_flight;
    peer->connection->close({Errc::timed_out, "stop timed out"});
  }
  log_.logger.warn("{} stop timed out, {} messages abandoned", log_.tag, report_.abandoned);
  handlers_->queue.close();
  complete_ = true;
  done_.cancel();
}

void Consumer::Impl::check_stopped() {
  if (!stopping_ || complete_ || !peers_.empty()) return;
  handlers_->queue.close();
  if (!handlers_ended()) return;  // looked at again when one ends
  complete_ = true;
  stop_deadline_.cancel();
  done_.cancel();
  log_.logger.info("{} stopped", log_.tag);
}

bool Consumer::Impl::handlers_ended() const {
  return coroutines_ == 0 && threads_->running() == 0;
}

asio::awaitable<StopReport> Consumer::Impl::stopped() {
  const auto self = shared_from_this();
  while (!complete_) co_await done_.async_wait(kNoThrow);
  co_return report_;
}

void Consumer::Impl::shutdown() {
  stop_asked_ = true;
  stopping_ = true;
  hooks_ = {};
  mailbox_->close();
  discovery_->stop();
  handlers_->queue.close();
  for (const auto& [address, peer] : peers_) {
    peer->retry.cancel();
    if (peer->connection) peer->connection->close({Errc::closed, "stopped"});
  }
  redistribute_.cancel();
  stop_deadline_.cancel();
  complete_ = true;
  done_.cancel();
  threads_->join(kDestroyLimit);
}

ConsumerStats Consumer::Impl::stats() const {
  const auto get = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
  return {.received = get(counters_.received),
          .finished = get(counters_.finished),
          .requeued = get(counters_.requeued),
          .touched = get(counters_.touched),
          .given_up = get(handlers_->given_up),
          .expired = handlers_->queue.expired(),
          .abandoned = get(counters_.abandoned),
          .dropped_responses = get(counters_.dropped_responses),
          .failed_responses = get(counters_.failed_responses),
          .reconnects = get(counters_.reconnects),
          .lookups = discovery_->stats().answers,
          .lookup_failures = discovery_->stats().failures,
          .in_flight = get(counters_.in_flight),
          .connections = get(counters_.connections)};
}

}  // namespace nsq::client
