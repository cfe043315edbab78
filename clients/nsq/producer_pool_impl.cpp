#include "clients/nsq/producer_pool_impl.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "clients/nsq/client_ids.hpp"

namespace nsq::client {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

const Error kStopped{Errc::closed, "stopped"};
const Error kNoneKnown{Errc::timed_out, "not sent: no nsqd is known"};

/// How often nsqlookupds are asked while no nsqd is known and something waits for one.
constexpr Nanoseconds kAskAgain = Seconds(1);

/// What an nsqd answers that could not take the message, through no fault of it.
bool could_not_store(std::string_view text) {
  return text.starts_with("E_PUB_FAILED") || text.starts_with("E_MPUB_FAILED") ||
         text.starts_with("E_DPUB_FAILED");
}

}  // namespace

ProducerPool::Impl::Impl(asio::any_io_executor executor, Options options, ProducerPoolSetup setup)
    : executor_(std::move(executor)),
      setup_(std::move(setup)),
      options_(std::make_shared<const Options>(std::move(options))),
      log_{setup_.logger, fmt::format("{:>3}", next_client_id())},
      nodes_(setup_.policy,
             ReconnectSchedule(
                 options_->reconnect_min, options_->reconnect_max,
                 [this] { return std::uniform_real_distribution<double>(0, 1)(random_); })),
      timer_(executor_),
      idle_(executor_) {}

void ProducerPool::Impl::init() {
  on_found({});
  if (setup_.lookupds.empty()) return;
  discovery_ = std::make_unique<Discovery>(
      executor_, Discovery::Setup{.options = options_,
                                  .log = log_,
                                  .topic = std::nullopt,
                                  .found = [weak = weak_from_this()](const auto& nsqds) {
                                    if (auto self = weak.lock()) self->on_found(nsqds);
                                  }});
  for (const LookupdUrl& lookupd : setup_.lookupds) discovery_->add(lookupd);
}

// ---- one publish

void ProducerPool::Impl::accept(PoolPublish publish) {
  for (const std::string& body : publish.bodies) publish.bytes += body.size();
  ++stats_.outstanding;
  outstanding_bytes_ += publish.bytes;
  if (stopped_) return finish(publish, std::unexpected(kStopped));
  // As many as one Producer takes, so that none refuses what this lets pass. One that is too large
  // for the limit alone passes when nothing else is there.
  const auto max_messages = static_cast<std::size_t>(options_->max_outstanding_messages);
  const auto max_bytes = static_cast<std::size_t>(options_->max_outstanding_bytes);
  if (stats_.outstanding > max_messages ||
      (stats_.outstanding > 1 && outstanding_bytes_ > max_bytes)) {
    return finish(publish, fail(Errc::closed, "too much is outstanding"));
  }
  publish.deadline = read_clock().mono + options_->publish_timeout;
  dispatch(std::make_shared<PoolPublish>(std::move(publish)), {});
}

/// Tries the next node; if none is left, `last` is the reason.
void ProducerPool::Impl::dispatch(const Publish& publish, const Error& last) {
  const MonoTime now = read_clock().mono;
  const bool in_time = publish->tried.empty() || now < publish->deadline;
  if (const auto nsqd = in_time ? nodes_.pick(now, publish->tried) : std::nullopt) {
    if (!publish->tried.empty()) ++stats_.failovers;
    publish->tried.push_back(*nsqd);
    return try_on(*nsqd, publish);
  }
  if (publish->tried.empty()) return wait_for_nodes(publish);
  Error reason = last;
  if (publish->tried.size() > 1) {
    reason.context =
        fmt::format("{} nsqds failed, the last: {}", publish->tried.size(), last.text());
  }
  end(*publish, std::move(reason));
}

/// Over, and it failed: one try that may have arrived counts for more than the others that did not.
void ProducerPool::Impl::end(PoolPublish& publish, Error reason) {
  if (publish.maybe_arrived) reason.code = Errc::unknown_outcome;
  finish(publish, std::unexpected(std::move(reason)));
}

void ProducerPool::Impl::try_on(const Address& nsqd, const Publish& publish) {
  Completion done = [self = shared_from_this(), nsqd, publish](const Result<void>& result) {
    self->on_result(nsqd, publish, result);
  };
  Producer& to = producer(nsqd);
  switch (publish->kind) {
    case PoolPublish::Kind::one:
      return to.publish(publish->topic, publish->bodies.front(), std::move(done));
    case PoolPublish::Kind::many:
      return to.multi_publish(publish->topic, publish->bodies, std::move(done));
    case PoolPublish::Kind::deferred:
      return to.deferred_publish(publish->topic, publish->delay, publish->bodies.front(),
                                 std::move(done));
  }
}

Producer& ProducerPool::Impl::producer(const Address& nsqd) {
  auto& slot = producers_[nsqd];
  // The options were checked when this was created.
  if (!slot) slot = Producer::create(executor_, nsqd, setup_.config, setup_.logger).value();
  return *slot;
}

void ProducerPool::Impl::on_result(const Address& nsqd, const Publish& publish,
                                   const Result<void>& result) {
  if (result) {
    nodes_.worked(nsqd);
    finish(*publish, {});
  } else {
    on_failure(nsqd, publish, result);
  }
  if (!nodes_.contains(nsqd)) retire(nsqd);
}

void ProducerPool::Impl::on_failure(const Address& nsqd, const Publish& publish,
                                    const Result<void>& result) {
  const bool unknown = outcome_of(result) == Outcome::unknown;
  publish->maybe_arrived = publish->maybe_arrived || unknown;
  const bool try_another = !closed_ && goes_on(result);
  if (unknown || try_another) {
    const bool news = nodes_.failed(nsqd, read_clock().mono);
    if (news && discovery_) discovery_->ask_soon();
  }
  if (try_another) return dispatch(publish, result.error());
  end(*publish, result.error());
}

/// Whether another nsqd may do better.
bool ProducerPool::Impl::goes_on(const Result<void>& result) const {
  switch (outcome_of(result)) {
    case Outcome::acknowledged:
      return false;
    case Outcome::rejected:
      return could_not_store(result.error().context);
    case Outcome::unknown:
      return setup_.allow_duplicates;
    case Outcome::not_sent:
      break;
  }
  const auto& code = result.error().code;  // what was refused locally is so everywhere
  return code != Errc::bad_name && code != Errc::out_of_range;
}

void ProducerPool::Impl::finish(PoolPublish& publish, Result<void> result) {
  switch (outcome_of(result)) {
    case Outcome::acknowledged:
      ++stats_.acknowledged;
      break;
    case Outcome::rejected:
      ++stats_.rejected;
      break;
    case Outcome::not_sent:
      ++stats_.not_sent;
      break;
    case Outcome::unknown:
      ++stats_.unknown;
      break;
  }
  --stats_.outstanding;
  outstanding_bytes_ -= publish.bytes;
  complete(std::move(publish.done), std::move(result));
  if (stats_.outstanding == 0) idle_.cancel();
}

/// Through the loop's queue, so that a callback may do anything.
void ProducerPool::Impl::complete(Completion done, Result<void> result) {
  if (!done) return;
  asio::post(executor_, [done = std::move(done), result = std::move(result)]() mutable {
    done(std::move(result));
  });
}

// ---- nodes

void ProducerPool::Impl::on_found(std::vector<Address> nsqds) {
  if (closed_) return;
  if (setup_.discovery_filter && !nsqds.empty()) {
    try {
      nsqds = setup_.discovery_filter(nsqds);
    } catch (...) {
      log_.logger.error("{} discovery filter threw", log_.tag);
    }
  }
  std::vector<Address> all;
  const auto add = [&](const Address& nsqd) {
    if (std::ranges::find(all, nsqd) == all.end()) all.push_back(nsqd);
  };
  std::ranges::for_each(setup_.nsqds, add);
  std::ranges::for_each(nsqds, add);
  nodes_.set(all);
  std::vector<Address> former;
  for (const auto& [nsqd, producer] : producers_) {
    if (!nodes_.contains(nsqd)) former.push_back(nsqd);
  }
  for (const Address& nsqd : former) retire(nsqd);
  if (nodes_.empty()) return;
  const auto waiting = std::exchange(waiting_, {});
  for (const Publish& publish : waiting) dispatch(publish, {});
}

/// Closes what is no node any more, once all is answered.
void ProducerPool::Impl::retire(const Address& nsqd) {
  const auto at = producers_.find(nsqd);
  if (at != producers_.end() && at->second->stats().outstanding == 0) producers_.erase(at);
}

void ProducerPool::Impl::wait_for_nodes(const Publish& publish) {
  waiting_.push_back(publish);
  discovery_->ask_soon();  // without one there are nodes
  arm_timer();
}

void ProducerPool::Impl::arm_timer() {
  if (timer_armed_ || waiting_.empty()) return;
  timer_armed_ = true;
  timer_.expires_at(std::min(waiting_.front()->deadline, read_clock().mono + kAskAgain));
  timer_.async_wait([weak = weak_from_this()](error_code) {
    auto self = weak.lock();
    if (!self || self->closed_) return;
    self->timer_armed_ = false;
    self->on_timer();
  });
}

void ProducerPool::Impl::on_timer() {
  const MonoTime now = read_clock().mono;
  while (!waiting_.empty() && waiting_.front()->deadline <= now) {
    const Publish publish = std::move(waiting_.front());
    waiting_.pop_front();
    finish(*publish, std::unexpected(kNoneKnown));
  }
  if (!waiting_.empty()) discovery_->ask_soon();
  arm_timer();
}

// ---- flush and stop

asio::awaitable<Result<void>> ProducerPool::Impl::flush(Nanoseconds limit) {
  const auto self = shared_from_this();
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (stats_.outstanding > 0) {
    if (std::chrono::steady_clock::now() >= deadline) {
      co_return fail(Errc::timed_out, "publishes are outstanding");
    }
    idle_.expires_at(deadline);
    co_await idle_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> ProducerPool::Impl::stop(Nanoseconds limit) {
  const auto self = shared_from_this();
  stopped_ = true;
  auto flushed = co_await flush(limit);
  shutdown();
  co_return flushed;
}

void ProducerPool::Impl::shutdown() {
  stopped_ = true;
  closed_ = true;
  if (discovery_) discovery_->stop();
  timer_.cancel();
  producers_.clear();  // their publishes end, soon
  const auto waiting = std::exchange(waiting_, {});
  for (const Publish& publish : waiting) finish(*publish, std::unexpected(kStopped));
}

ProducerPoolStats ProducerPool::Impl::stats() const {
  ProducerPoolStats now = stats_;
  now.nsqds = nodes_.size();
  now.broken = nodes_.broken();
  return now;
}

}  // namespace nsq::client
