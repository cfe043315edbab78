#include "nsqd/queue/channel.hpp"

#include <algorithm>
#include <limits>

#include "common/base/assert.hpp"
#include "common/wire/names.hpp"
#include "nsqd/queue/frame.hpp"
#include "nsqd/queue/message_age.hpp"

namespace nsqd {
namespace {

/// What one expire() handles under the lock before it lets others in, some milliseconds' worth.
constexpr std::size_t kExpireBatch = 4096;

std::uint32_t clamp32(std::uint64_t value) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

Channel::Channel(std::string name, const QueueLimits& limits, DeadlineIndex& deadlines,
                 std::uint64_t seed, ChannelPlace place)
    : name_(std::move(name)),
      id_(place.id),
      ephemeral_(nsq::wire::is_ephemeral(name_)),
      link_(std::move(place.link)),
      limits_(limits),
      deadlines_(deadlines),
      start_(place.start),
      emptied_(place.start),
      random_(seed | 1) {
  if (limits_.latencies) latencies_ = std::make_unique<LatencyWindow>(limits_.latencies->window);
}

void Channel::put(const Run& run, Offset clean_from, Effects& effects) {
  const nsq::MutexLock lock(mutex_);
  if (exiting_) return;
  message_count_ += run.count;
  enter(run, clean_from, effects);
}

void Channel::expect_deferred(std::uint64_t count) {
  const nsq::MutexLock lock(mutex_);
  if (exiting_) return;
  message_count_ += count;
  deferred_ += count;
}

void Channel::forget_deferred(std::uint64_t count) {
  const nsq::MutexLock lock(mutex_);
  deferred_ -= std::min(deferred_, count);
}

void Channel::put_due(const Run& run, Effects& effects) {
  const nsq::MutexLock lock(mutex_);
  if (exiting_) return;
  deferred_ -= std::min<std::uint64_t>(deferred_, run.count);
  // Others were published since it got its place in the log.
  enter(run, kFromConsumer, effects);
}

nsq::Result<void> Channel::add(const std::shared_ptr<Consumer>& consumer) {
  const nsq::MutexLock lock(mutex_);
  if (exiting_) return nsq::fail(nsq::Errc::exiting);
  if (limits_.max_channel_consumers > 0 && consumers_.size() >= limits_.max_channel_consumers) {
    return nsq::fail(nsq::Errc::too_many_consumers);
  }
  consumers_.emplace(consumer->options_.connection, consumer);
  if (consumer->options_.locality != Locality::elsewhere) ++near_consumers_;
  return {};
}

bool Channel::remove(const std::shared_ptr<Consumer>& consumer, Effects& effects) {
  const nsq::MutexLock lock(mutex_);
  pass_on(*consumer, effects);
  if (consumers_.erase(consumer->options_.connection) == 0) return false;
  if (consumer->options_.locality != Locality::elsewhere) --near_consumers_;
  return ephemeral_ && consumers_.empty() && !exiting_;
}

void Channel::set_ready(Consumer& consumer, std::int64_t count) {
  const nsq::MutexLock lock(mutex_);
  if (!consumer.closing_) consumer.ready_ = count;
}

void Channel::close_consumer(Consumer& consumer) {
  const nsq::MutexLock lock(mutex_);
  consumer.closing_ = true;
  consumer.ready_ = 0;
}

PullResult Channel::pull(const std::shared_ptr<Consumer>& consumer, nsq::Now now, PullLimits limits,
                         std::vector<Run>& out, Effects& effects) {
  const nsq::MutexLock lock(mutex_);
  PullResult result;
  if (exiting_ || paused_ || !consumer->has_room()) {
    pass_on(*consumer, effects);
    result.evicted = exiting_;
    return result;
  }
  set_turn(*consumer, Consumer::Turn::awake);
  result.messages = deliver(*consumer, now.mono, limits, out);
  read_ahead(effects);
  if (!consumer->has_room()) {
    pass_on(*consumer, effects);
  } else if (waiting_.empty()) {
    set_turn(*consumer, Consumer::Turn::hungry);
  } else {
    result.more = true;
  }
  if (result.messages == 0) return result;
  arm_next();
  touch_cursor();
  return result;
}

void Channel::decline(Consumer& consumer, Effects& effects) {
  const nsq::MutexLock lock(mutex_);
  pass_on(consumer, effects);
}

void Channel::finish(Consumer& consumer, std::span<const nsq::wire::MessageId> ids,
                     std::vector<AnswerFailure>& failures, const FinishTiming& timing) {
  const nsq::MutexLock lock(mutex_);
  std::uint64_t finished = 0;
  nsq::Nanoseconds first{};
  for (const auto& id : ids) {
    const auto slot = find_owned(consumer, id);
    if (!slot) {
      failures.push_back({id, static_cast<nsq::Errc>(slot.error().code.value())});
      continue;
    }
    if (latencies_ || (timing.latencies && finished == 0)) {
      const auto age = message_age(in_flight_.published_at(*slot), timing.now);
      if (finished == 0) first = age;
      if (latencies_) latencies_->record(age, timing.now);
    }
    in_flight_.remove(*slot);
    --consumer.in_flight_;
    ++consumer.finished_;
    ++finished;
  }
  finish_count_ += finished;
  if (timing.latencies && finished > 0) timing.latencies->record(first, finished);
  touch_cursor();
}

void Channel::add_latencies(LatencySketch& to, nsq::WallTime now) const {
  const nsq::MutexLock lock(mutex_);
  if (latencies_) to.merge(latencies_->sketch(now));
}

nsq::Result<void> Channel::requeue(Consumer& consumer, const nsq::wire::MessageId& id,
                                   Effects& effects) {
  const nsq::MutexLock lock(mutex_);
  const auto slot = find_owned(consumer, id);
  if (!slot) return std::unexpected(slot.error());
  enter(take_back(consumer, *slot), kFromConsumer, effects);
  return {};
}

nsq::Result<Run> Channel::take_to_defer(Consumer& consumer, const nsq::wire::MessageId& id) {
  const nsq::MutexLock lock(mutex_);
  const auto slot = find_owned(consumer, id);
  if (!slot) return std::unexpected(slot.error());
  ++deferred_;
  return copy_out(take_back(consumer, *slot));
}

/// What a consumer gives back by REQ.
Run Channel::take_back(Consumer& consumer, InFlight::Slot slot) {
  --consumer.in_flight_;
  ++consumer.requeued_;
  ++requeue_count_;
  touch_cursor();
  return in_flight_.take(slot);
}

nsq::Result<void> Channel::touch(Consumer& consumer, const nsq::wire::MessageId& id, nsq::Now now) {
  const nsq::MutexLock lock(mutex_);
  const auto slot = find_owned(consumer, id);
  if (!slot) return std::unexpected(slot.error());
  in_flight_.touch(*slot, now.mono, consumer.options_.msg_timeout, limits_.max_msg_timeout);
  arm_next();
  return {};
}

void Channel::pause(bool paused, Effects& effects) {
  const nsq::MutexLock lock(mutex_);
  paused_ = paused;
  if (paused_) return;
  read_ahead(effects);
  for (const auto& [connection, consumer] : consumers_) {
    if (consumer->has_room()) wake(*consumer, effects);
  }
}

bool Channel::paused() const {
  const nsq::MutexLock lock(mutex_);
  return paused_;
}

void Channel::empty(Offset start, Offset emptied, Effects& effects) {
  const nsq::MutexLock lock(mutex_);
  start_ = start;
  emptied_ = emptied;
  drop_all();
  touch_cursor();
  for (const auto& [connection, consumer] : consumers_) {
    consumer->in_flight_ = 0;
    if (consumer->has_room()) wake(*consumer, effects);
  }
}

void Channel::exit(Effects& effects) {
  const nsq::MutexLock lock(mutex_);
  exit_locked(effects);
}

bool Channel::exit_if_unused(Effects& effects) {
  const nsq::MutexLock lock(mutex_);
  if (!consumers_.empty()) return false;
  exit_locked(effects);
  return true;
}

void Channel::exit_locked(Effects& effects) {
  exiting_ = true;
  drop_all();
  for (const auto& [connection, consumer] : consumers_) {
    consumer->in_flight_ = 0;
    wake(*consumer, effects);
  }
  deadlines_.disarm(shared_from_this());
}

ChannelStats Channel::stats(bool with_consumers) const {
  const nsq::MutexLock lock(mutex_);
  ChannelStats stats;
  stats.name = name_;
  stats.depth = waiting_.count() + backlog_.count();
  stats.backend_depth = backlog_.count();
  stats.in_flight_count = in_flight_.count();
  stats.deferred_count = deferred_;
  stats.message_count = message_count_;
  stats.requeue_count = requeue_count_;
  stats.timeout_count = timeout_count_;
  stats.zone_local_msg_count = delivered_count_[static_cast<std::size_t>(Locality::zone)];
  stats.region_local_msg_count = delivered_count_[static_cast<std::size_t>(Locality::region)];
  stats.global_msg_count = delivered_count_[static_cast<std::size_t>(Locality::elsewhere)];
  stats.finish_count = finish_count_;
  stats.sampled_out_count = sampled_out_count_;
  stats.memory_bytes = waiting_.bytes() + in_flight_.bytes_reserved();
  stats.oldest = in_flight_.oldest();
  if (!waiting_.empty()) {
    const auto first = waiting_.front_time();
    stats.oldest = stats.oldest ? std::min(*stats.oldest, first) : first;
  }
  if (!stats.oldest && peek_ && !backlog_.empty() && peek_->at == backlog_.front().begin) {
    stats.oldest = peek_->published;
  }
  stats.client_count = consumers_.size();
  stats.paused = paused_;
  if (!with_consumers) return stats;
  stats.consumers.reserve(consumers_.size());
  for (const auto& [connection, consumer] : consumers_) {
    stats.consumers.push_back({connection, consumer->ready_, consumer->in_flight_,
                               consumer->messages_, consumer->finished_, consumer->requeued_});
  }
  return stats;
}

void Channel::expire(nsq::Now now) {
  Effects effects;
  {
    const nsq::MutexLock lock(mutex_);
    armed_.reset();
    if (exiting_) return;
    time_out_due(now.mono, effects);
    arm_next();
  }
  effects.run();
}

nsq::Result<InFlight::Slot> Channel::find_owned(const Consumer& consumer,
                                                const nsq::wire::MessageId& id) const {
  const auto number = id.number();
  const auto slot = number ? in_flight_.find(*number) : std::nullopt;
  if (!slot) return nsq::fail(nsq::Errc::not_in_flight);
  if (in_flight_.at(*slot).owner != consumer.options_.connection) {
    return nsq::fail(nsq::Errc::not_owner);
  }
  return *slot;
}

void Channel::enter(Run run, From from, Effects& effects) {
  const std::uint32_t fits = ephemeral_ ? clamp32(ephemeral_room()) : room_in_memory(run, from);
  if (fits >= run.count) {
    const std::uint64_t count = run.count;
    waiting_.push(std::move(run));
    if (!paused_) wake_line(count, effects);
    return;
  }
  const std::uint64_t count = run.count;
  if (fits > 0) waiting_.push(split_front(run, fits));
  if (!ephemeral_) stay_in_log(run, from);
  if (paused_) return;
  // A timeout may have made room for messages that waited before this one.
  wake_line(std::min(count, waiting_.count()), effects);
  read_ahead(effects);
}

std::uint64_t Channel::ephemeral_room() const {
  std::uint64_t limit = limits_.mem_queue_size;
  for (const auto& [connection, consumer] : consumers_) {
    if (paused_ || !consumer->has_room()) continue;
    limit += static_cast<std::uint64_t>(consumer->ready_ - consumer->in_flight_);
  }
  return limit > waiting_.count() ? limit - waiting_.count() : 0;
}

std::uint32_t Channel::share_of_one() const {
  const std::uint64_t takers = std::max<std::uint64_t>(1, awake_ + line_.size());
  return clamp32((waiting_.count() + takers - 1) / takers);
}

std::uint32_t Channel::deliver(Consumer& consumer, nsq::MonoTime now, PullLimits limits,
                               std::vector<Run>& out) {
  std::uint32_t left = std::min(limits.messages, share_of_one());
  std::uint32_t bytes_left = limits.bytes;
  std::uint32_t delivered = 0;
  const bool sampling = consumer.options_.sample_rate > 0;
  while (left > 0 && !waiting_.empty() && consumer.has_room()) {
    if (delivered > 0 && waiting_.front_bytes() > bytes_left) break;
    const auto room = clamp32(static_cast<std::uint64_t>(consumer.ready_ - consumer.in_flight_));
    Run run = waiting_.pop(sampling ? 1 : std::min(left, room), bytes_left);
    left -= run.count;
    if (sampling && sampled_out(consumer)) {
      ++sampled_out_count_;
      continue;
    }
    bytes_left -= std::min(bytes_left, run.bytes());
    in_flight_.add(run, consumer.options_.connection, now, consumer.options_.msg_timeout);
    consumer.in_flight_ += run.count;
    consumer.messages_ += run.count;
    delivered += run.count;
    out.push_back(std::move(run));
  }
  delivered_count_[static_cast<std::size_t>(consumer.options_.locality)] += delivered;
  return delivered;
}

bool Channel::sampled_out(const Consumer& consumer) {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return static_cast<int>((random_ >> 32) % 100) > consumer.options_.sample_rate;
}

void Channel::set_turn(Consumer& consumer, Consumer::Turn turn) {
  if (consumer.turn_ == turn) return;
  if (consumer.turn_ == Consumer::Turn::hungry) line_.erase(Line::s_iterator_to(consumer));
  if (consumer.turn_ == Consumer::Turn::awake) --awake_;
  consumer.turn_ = turn;
  if (turn == Consumer::Turn::hungry) line_.push_back(consumer);
  if (turn == Consumer::Turn::awake) ++awake_;
}

void Channel::wake(Consumer& consumer, Effects& effects) {
  set_turn(consumer, Consumer::Turn::awake);
  effects.wake(consumer.waker_);
}

void Channel::wake_line(std::uint64_t messages, Effects& effects) {
  if (near_consumers_ > 0) {
    wake_nearest(messages, effects);
    return;
  }
  for (; messages > 0 && !line_.empty(); --messages) wake(line_.front(), effects);
}

void Channel::wake_nearest(std::uint64_t messages, Effects& effects) {
  while (messages > 0 && !line_.empty()) {
    // The first of the nearest, so that those alike take turns.
    Consumer& next = *std::ranges::max_element(
        line_, {}, [](const Consumer& consumer) { return consumer.options_.locality; });
    const auto room =
        static_cast<std::uint64_t>(std::max<std::int64_t>(next.ready_ - next.in_flight_, 1));
    messages -= std::min(messages, room);
    wake(next, effects);
  }
}

void Channel::pass_on(Consumer& consumer, Effects& effects) {
  const bool was_awake = consumer.turn_ == Consumer::Turn::awake;
  set_turn(consumer, Consumer::Turn::full);
  if (was_awake && !paused_) wake_line(waiting_.count(), effects);
}

void Channel::time_out_due(nsq::MonoTime now, Effects& effects) {
  for (std::size_t i = 0; i < kExpireBatch; ++i) {
    const auto slot = in_flight_.first_due(now);
    if (!slot) return;
    const auto owner = consumers_.find(in_flight_.at(*slot).owner);
    ++timeout_count_;
    Run run = in_flight_.take(*slot);
    touch_cursor();
    if (owner != consumers_.end()) {
      Consumer& consumer = *owner->second;
      --consumer.in_flight_;
      if (!paused_ && consumer.turn_ == Consumer::Turn::full && consumer.has_room()) {
        set_turn(consumer, Consumer::Turn::hungry);
      }
    }
    enter(std::move(run), kFromConsumer, effects);
  }
}

void Channel::drop_all() {
  waiting_.clear();
  backlog_.clear();
  reading_ = false;
  ++epoch_;
  peek_.reset();
  in_flight_.clear();
  deferred_ = 0;
}

void Channel::arm_next() {
  const auto next = in_flight_.next_deadline();
  if (!next || (armed_ && *armed_ <= *next)) return;
  armed_ = next;
  deadlines_.arm(shared_from_this(), *next);
}

}  // namespace nsqd
