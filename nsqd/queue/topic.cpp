#include "nsqd/queue/topic.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "common/base/assert.hpp"
#include "common/base/bytes.hpp"
#include "nsqd/queue/frame.hpp"

namespace nsqd {
namespace {

using namespace nsq;  // _KiB

/// Publishes from this size on get a block of their own, filled before the lock is taken.
constexpr std::uint32_t kOwnBlockBytes = 8_KiB;
// The tail that smaller ones share starts small, as most topics stay quiet, and doubles with
// traffic.
constexpr std::uint32_t kMinTailBytes = 512;
constexpr std::uint32_t kMaxTailBytes = 32_KiB;

std::uint64_t body_bytes_of(std::span<const std::string_view> bodies) {
  std::uint64_t bytes = 0;
  for (const auto body : bodies) bytes += body.size();
  return bytes;
}

/// A block of exactly these messages, timestamp and ids left for later.
BlockPtr make_block(std::span<const std::string_view> bodies, std::uint32_t bytes) {
  BlockPtr block = Block::create(bytes);
  char* at = block->extend(bytes);
  for (const auto body : bodies) at = write_unstamped_frame(at, body);
  return block;
}

}  // namespace

Topic::Topic(wire::TopicName name, const QueueLimits& limits, DeadlineIndex& deadlines, Setup setup)
    : name_(std::move(name)),
      limits_(limits),
      deadlines_(deadlines),
      setup_(setup),
      awaits_channels_(setup.awaits_channels),
      durability_(setup.durability),
      ids_(setup.node) {}

void Topic::start(const TopicImage* image, Now now) {
  if (setup_.log && !ephemeral()) link_ = std::make_shared<LogLink>(*setup_.log, weak_from_this());
  if (!image) return;
  Effects effects;
  {
    const MutexLock lock(mutex_);
    restore(*image);
    release_held(effects);  // it may have ended while it awaited channels
    look_after_deferred(now, effects);
  }
  effects.run();
}

Result<Ticket> Topic::publish(std::span<const std::string_view> bodies, Journal& journal, Now now,
                              Effects& effects) {
  const std::uint64_t body_bytes = body_bytes_of(bodies);
  const std::uint64_t all_bytes = body_bytes + bodies.size() * kFrameOverhead;
  NSQ_ASSERT(all_bytes <= UINT32_MAX);  // by the bound of --max-body-size
  const auto bytes = static_cast<std::uint32_t>(all_bytes);
  const auto count = static_cast<std::uint32_t>(bodies.size());
  BlockPtr own = bytes >= kOwnBlockBytes ? make_block(bodies, bytes) : nullptr;
  const MutexLock lock(mutex_);
  if (exiting_) return fail(Errc::exiting);
  const bool logged = must_log(count);
  if (logged) {
    if (auto available = journal.available(); !available) {
      return std::unexpected(std::move(available.error()));
    }
  }
  Run run = own ? stamp(std::move(own), count, now.wall) : append(bodies, bytes, now.wall);
  run.logged = logged;
  count_messages(count, body_bytes);
  const Ticket ticket = logged ? journal.append(*this, run, {}) : Ticket{0};
  if (!logged) settle_now(run.first, run.first + count);
  distribute(std::move(run), effects);
  return ticket;
}

bool Topic::must_log(std::uint32_t count) const {
  if (!link_) return false;
  if (durability_ != Durability::memory) return true;
  if (holding()) return room_to_hold(count) < count;
  return std::any_of(channels_.begin(), channels_.end(),
                     [&](const auto& channel) { return channel->would_lag(count); });
}

void Topic::count_messages(std::uint64_t messages, std::uint64_t body_bytes) {
  message_count_ += messages;
  message_bytes_ += body_bytes;
}

std::shared_ptr<Channel> Topic::make_channel(std::string name, ChannelPlace place) {
  const std::uint64_t seed = std::hash<std::string_view>()(name) ^ next_offset_;
  place.link = link_;
  return channels_.emplace_back(
      std::make_shared<Channel>(std::move(name), limits_, deadlines_, seed, std::move(place)));
}

Result<Topic::Found> Topic::get_or_create_channel(const wire::ChannelName& name, Effects& effects) {
  const MutexLock lock(mutex_);
  if (exiting_) return fail(Errc::exiting);
  for (const auto& channel : channels_) {
    if (channel->name() == name.view()) return Found{channel, false};
  }
  const Offset start = holding() ? distributed_ : next_offset_;
  auto channel = make_channel(name.str(), {.id = ++last_channel_, .start = start});
  release_held(effects);
  return Found{std::move(channel), true};
}

std::shared_ptr<Channel> Topic::find_channel(std::string_view name) const {
  const MutexLock lock(mutex_);
  for (const auto& channel : channels_) {
    if (channel->name() == name) return channel;
  }
  return nullptr;
}

std::shared_ptr<Channel> Topic::delete_channel(std::string_view name, Effects& effects) {
  const MutexLock lock(mutex_);
  const auto found = std::find_if(channels_.begin(), channels_.end(),
                                  [&](const auto& channel) { return channel->name() == name; });
  if (found == channels_.end()) return nullptr;
  auto channel = *found;
  channel->exit(effects);
  erase_channel(channel);
  return channel;
}

bool Topic::delete_if_unused(const std::shared_ptr<Channel>& channel, Effects& effects) {
  const MutexLock lock(mutex_);
  const auto found = std::find(channels_.begin(), channels_.end(), channel);
  if (found == channels_.end() || !channel->exit_if_unused(effects)) return false;
  erase_channel(channel);
  return true;
}

void Topic::erase_channel(const std::shared_ptr<Channel>& channel) {
  if (channels_.size() == 1) begin_holding();
  std::erase(channels_, channel);
  if (link_) link_->touch();
}

std::vector<std::shared_ptr<Channel>> Topic::channels() const {
  const MutexLock lock(mutex_);
  return channels_;
}

void Topic::pause(bool paused, Effects& effects) {
  const MutexLock lock(mutex_);
  if (paused) begin_holding();
  paused_ = paused;
  release_held(effects);
}

bool Topic::paused() const {
  const MutexLock lock(mutex_);
  return paused_;
}

void Topic::channels_prepared(Effects& effects) {
  const MutexLock lock(mutex_);
  if (!std::exchange(awaits_channels_, false)) return;
  release_held(effects);
}

bool Topic::awaits_channels() const {
  const MutexLock lock(mutex_);
  return awaits_channels_;
}

Durability Topic::durability() const {
  const MutexLock lock(mutex_);
  return durability_;
}

void Topic::set_durability(Durability durability) {
  const MutexLock lock(mutex_);
  durability_ = durability;
}

void Topic::empty() {
  const MutexLock lock(mutex_);
  if (holding()) drop_held();
}

void Topic::empty_channel(Channel& channel, Effects& effects) {
  const MutexLock lock(mutex_);
  // What the topic holds is still to come.
  channel.empty(holding() ? distributed_ : next_offset_, next_offset_, effects);
}

bool Topic::exit_if_unused() {
  const MutexLock lock(mutex_);
  if (!channels_.empty()) return false;
  exit_locked();
  return true;
}

std::vector<std::shared_ptr<Channel>> Topic::exit(Effects& effects) {
  const MutexLock lock(mutex_);
  exit_locked();
  for (const auto& channel : channels_) channel->exit(effects);
  return std::exchange(channels_, {});
}

void Topic::exit_locked() {
  exiting_ = true;
  removed_.store(true, std::memory_order_release);
  drop_held();
  deferred_ = Deferred();
  moving_.clear();
  discarding_.clear();
  deadlines_.disarm(shared_from_this());
}

Result<void> Topic::requeue(Channel& channel, Consumer& consumer, const wire::MessageId& id,
                            Nanoseconds delay, Journal& journal, Now now, Effects& effects) {
  if (delay <= Nanoseconds::zero()) return channel.requeue(consumer, id, effects);
  const MutexLock lock(mutex_);
  auto run = channel.take_to_defer(consumer, id);
  if (!run) return std::unexpected(std::move(run.error()));
  delay = std::min(delay, limits_.max_req_timeout);
  DeferredMessage message;
  message.at = {unix_nanos(now.wall + delay), next_offset_};
  message.channel = channel.id();
  message.stored = !channel.ephemeral() && writes_deferred(message.at, unix_nanos(now.wall));
  if (run->logged) message.home = run->first;
  message.run = std::move(*run);
  defer(std::move(message), journal, now, effects);
  return {};
}

TopicStats Topic::stats(std::string_view channel, bool with_consumers, WallTime now) const {
  TopicStats stats;
  std::vector<std::shared_ptr<Channel>> channels;
  {
    const MutexLock lock(mutex_);
    stats.name = name_.str();
    stats.durability = durability_;
    stats.depth = held_.count() + held_backlog_.count() + held_deferred_;
    stats.backend_depth = held_backlog_.count();
    stats.message_count = message_count_;
    stats.message_bytes = message_bytes_;
    stats.paused = paused_;
    stats.memory_bytes = held_.bytes();
    if (!held_.empty()) stats.oldest = held_.front_time();
    channels = channels_;
  }
  std::map<std::string_view, LatencyStats> latencies;
  if (limits_.latencies && !channels.empty()) {
    stats.latency = measure_channels(channels, now, latencies);
  }
  std::erase_if(channels, [&](const auto& c) { return !channel.empty() && c->name() != channel; });
  std::sort(channels.begin(), channels.end(),
            [](const auto& a, const auto& b) { return a->name() < b->name(); });
  for (const auto& each : channels) {
    ChannelStats& shown = stats.channels.emplace_back(each->stats(with_consumers));
    const auto latency = latencies.find(each->name());
    if (latency != latencies.end()) shown.latency = std::move(latency->second);
  }
  return stats;
}

LatencyStats Topic::measure_channels(std::span<const std::shared_ptr<Channel>> channels,
                                     WallTime now,
                                     std::map<std::string_view, LatencyStats>& each) const {
  LatencySketch all;
  for (const auto& channel : channels) {
    LatencySketch sketch;
    channel->add_latencies(sketch, now);
    all.merge(sketch);
    each.emplace(channel->name(), LatencyStats::of(sketch, limits_.latencies->quantiles));
  }
  return LatencyStats::of(all, limits_.latencies->quantiles);
}

Run Topic::append(std::span<const std::string_view> bodies, std::uint32_t bytes, WallTime now) {
  make_room(bytes);
  ids_.advance(now);
  const std::uint32_t begin = tail_->used();
  char* at = tail_->extend(bytes);
  for (const auto body : bodies) at = write_frame(at, unix_nanos(now), ids_.next(), body);
  Run run;
  run.block = tail_;
  run.begin = begin;
  run.end = begin + bytes;
  run.count = static_cast<std::uint32_t>(bodies.size());
  run.first = next_offset_;
  next_offset_ += bodies.size();
  return run;
}

Run Topic::stamp(BlockPtr block, std::uint32_t count, WallTime now) {
  ids_.advance(now);
  char* at = block->data();
  for (std::uint32_t i = 0; i < count; ++i) {
    stamp_frame(at, unix_nanos(now), ids_.next());
    at += frame_bytes(at);
  }
  Run run;
  run.end = block->used();
  run.block = std::move(block);
  run.count = count;
  run.first = next_offset_;
  next_offset_ += count;
  return run;
}

void Topic::make_room(std::uint32_t bytes) {
  if (tail_ && tail_->unique())
    tail_->rewind();  // all of it was consumed: use the warm memory again
  if (tail_ && tail_->room() >= bytes) return;
  tail_bytes_ = std::clamp(tail_bytes_ * 2, kMinTailBytes, kMaxTailBytes);
  tail_ = Block::create(std::max(bytes, tail_bytes_));
}

void Topic::distribute(Run run, Effects& effects) {
  if (holding()) {
    hold(std::move(run), true);
    return;
  }
  for (const auto& channel : channels_) channel->put(run, clean_from_, effects);
}

std::uint32_t Topic::room_to_hold(std::uint32_t count) const {
  if (link_ && (!held_backlog_.empty() || held_.bytes() >= limits_.mem_queue_bytes ||
                Block::bytes_in_use() >= limits_.max_memory)) {
    return 0;
  }
  const std::uint64_t room =
      limits_.mem_queue_size - std::min(limits_.mem_queue_size, held_.count());
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(room, count));
}

void Topic::hold(Run run, bool in_order) {
  const bool bounded = run.logged || ephemeral();
  const std::uint32_t fits = bounded ? room_to_hold(run.count) : run.count;
  if (fits >= run.count) {
    held_.push(std::move(run));
    return;
  }
  if (fits > 0) held_.push(split_front(run, fits));
  if (!run.logged) return;
  const LogRange range{run.first, run.first + run.count, run.count, run.attempts};
  if (in_order) {
    held_backlog_.append(range, range.begin <= mark_.end() ? clean_from_ : kNowhere);
  } else {
    held_backlog_.add(range);
  }
}

void Topic::begin_holding() {
  if (!holding()) distributed_ = next_offset_;
}

void Topic::release_held(Effects& effects) {
  if (holding()) return;
  // Held messages that were deferred are not in order, and others went past them to the channels.
  if (!held_.empty() || !held_backlog_.empty()) clean_from_ = next_offset_;
  while (!held_.empty()) {
    const Run run = held_.pop(UINT32_MAX, UINT32_MAX);
    for (const auto& channel : channels_) channel->put(run, clean_from_, effects);
  }
  for (const LogRange& range : held_backlog_.ranges()) {
    for (const auto& channel : channels_) channel->put_logged(range, clean_from_, effects);
  }
  held_backlog_.clear();
  if (held_deferred_ > 0) {
    for (const auto& channel : channels_) channel->expect_deferred(held_deferred_);
  }
  held_deferred_ = 0;
  if (link_) link_->touch();
}

void Topic::drop_held() {
  held_.clear();
  held_backlog_.clear();
  if (held_deferred_ > 0 || mark_.end() < next_offset_) {
    dropped_.push_back({distributed_, next_offset_, held_deferred_, 0});
  }
  held_deferred_ = 0;
  distributed_ = next_offset_;
  clean_from_ = next_offset_;  // what is dropped is still in the log
  if (link_) link_->touch();
}

}  // namespace nsqd
