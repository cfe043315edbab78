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

Topic::Topic(wire::TopicName name, const QueueLimits& limits, DeadlineIndex& deadlines,
             std::uint32_t node)
    : name_(std::move(name)), limits_(limits), deadlines_(deadlines), ids_(node) {}

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
  Run run = own ? stamp(std::move(own), count, now.wall) : append(bodies, bytes, now.wall);
  const Ticket ticket = accept(run, body_bytes, journal);
  distribute(std::move(run), effects);
  return ticket;
}

Result<Ticket> Topic::publish_deferred(std::string_view body, Nanoseconds delay, Journal& journal,
                                       Now now, Effects& effects) {
  if (delay <= Nanoseconds::zero()) return publish({&body, 1}, journal, now, effects);
  BlockPtr own = make_block({&body, 1}, static_cast<std::uint32_t>(kFrameOverhead + body.size()));
  const MutexLock lock(mutex_);
  if (exiting_) return fail(Errc::exiting);
  const Run run = stamp(std::move(own), 1, now.wall);
  const Ticket ticket = accept(run, body.size(), journal);
  distribute_deferred(run, now.mono + delay);
  return ticket;
}

Result<Topic::Found> Topic::get_or_create_channel(const wire::ChannelName& name, Now now,
                                                  Effects& effects) {
  const MutexLock lock(mutex_);
  if (exiting_) return fail(Errc::exiting);
  for (const auto& channel : channels_) {
    if (channel->name() == name.view()) return Found{channel, false};
  }
  const std::uint64_t seed = std::hash<std::string_view>()(name.view()) ^ next_offset_;
  auto channel = std::make_shared<Channel>(name.str(), limits_, deadlines_, seed);
  channels_.push_back(channel);
  release_held(now.mono, effects);
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
  channels_.erase(found);
  return channel;
}

bool Topic::delete_if_unused(const std::shared_ptr<Channel>& channel, Effects& effects) {
  const MutexLock lock(mutex_);
  const auto found = std::find(channels_.begin(), channels_.end(), channel);
  if (found == channels_.end() || !channel->exit_if_unused(effects)) return false;
  channels_.erase(found);
  return true;
}

std::vector<std::shared_ptr<Channel>> Topic::channels() const {
  const MutexLock lock(mutex_);
  return channels_;
}

void Topic::pause(bool paused, Now now, Effects& effects) {
  const MutexLock lock(mutex_);
  paused_ = paused;
  release_held(now.mono, effects);
}

bool Topic::paused() const {
  const MutexLock lock(mutex_);
  return paused_;
}

void Topic::empty() {
  const MutexLock lock(mutex_);
  drop_held();
}

bool Topic::exit_if_unused() {
  const MutexLock lock(mutex_);
  if (!channels_.empty()) return false;
  exiting_ = true;
  drop_held();
  return true;
}

std::vector<std::shared_ptr<Channel>> Topic::exit(Effects& effects) {
  const MutexLock lock(mutex_);
  exiting_ = true;
  drop_held();
  for (const auto& channel : channels_) channel->exit(effects);
  return std::exchange(channels_, {});
}

TopicStats Topic::stats(std::string_view channel, bool with_consumers) const {
  TopicStats stats;
  std::vector<std::shared_ptr<Channel>> channels;
  {
    const MutexLock lock(mutex_);
    stats.name = name_.str();
    stats.depth = held_.count() + held_deferred_.count();
    if (stats.depth > limits_.mem_queue_size && !ephemeral()) {
      stats.backend_depth = stats.depth - limits_.mem_queue_size;
    }
    stats.message_count = message_count_;
    stats.message_bytes = message_bytes_;
    stats.paused = paused_;
    channels = channels_;
  }
  std::erase_if(channels, [&](const auto& c) { return !channel.empty() && c->name() != channel; });
  std::sort(channels.begin(), channels.end(),
            [](const auto& a, const auto& b) { return a->name() < b->name(); });
  for (const auto& each : channels) stats.channels.push_back(each->stats(with_consumers));
  return stats;
}

void Topic::drop_held() {
  held_.clear();
  held_deferred_.clear();
}

Run Topic::append(std::span<const std::string_view> bodies, std::uint32_t bytes, WallTime now) {
  make_room(bytes);
  ids_.advance(now);
  const std::uint32_t begin = tail_->used();
  char* at = tail_->extend(bytes);
  for (const auto body : bodies) at = write_frame(at, unix_nanos(now), ids_.next(), body);
  const Run run{tail_, begin,       begin + bytes, static_cast<std::uint32_t>(bodies.size()),
                0,     next_offset_};
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
  const std::uint32_t bytes = block->used();
  Run run{std::move(block), 0, bytes, count, 0, next_offset_};
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

Ticket Topic::accept(const Run& run, std::uint64_t body_bytes, Journal& journal) {
  message_count_ += run.count;
  message_bytes_ += body_bytes;
  return ephemeral() ? Ticket{0} : journal.append(*this, run);
}

void Topic::distribute(Run run, Effects& effects) {
  if (!holding()) {
    for (const auto& channel : channels_) channel->put(run, effects);
    return;
  }
  if (ephemeral()) {
    const std::uint64_t room =
        limits_.mem_queue_size - std::min(limits_.mem_queue_size, held_.count());
    if (room == 0) return;
    if (run.count > room) run = split_front(run, static_cast<std::uint32_t>(room));
  }
  held_.push(std::move(run));
}

void Topic::distribute_deferred(const Run& run, MonoTime due) {
  if (!holding()) {
    for (const auto& channel : channels_) channel->put_deferred(run, due);
    return;
  }
  if (ephemeral() && held_.count() + held_deferred_.count() >= limits_.mem_queue_size) return;
  held_deferred_.push(run, due);
}

void Topic::release_held(MonoTime now, Effects& effects) {
  if (holding()) return;
  while (!held_.empty()) {
    const Run run = held_.pop(UINT32_MAX, UINT32_MAX);
    for (const auto& channel : channels_) channel->put(run, effects);
  }
  for (const auto& [run, due] : held_deferred_.take_all()) {
    for (const auto& channel : channels_) {
      if (due <= now) {
        channel->put(run, effects);
      } else {
        channel->put_deferred(run, due);
      }
    }
  }
}

}  // namespace nsqd
