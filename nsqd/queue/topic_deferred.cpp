// A topic's deferred messages: DPUB, REQ with a delay, and what happens when they are due.

#include <algorithm>
#include <cstring>
#include <utility>

#include "nsqd/queue/frame.hpp"
#include "nsqd/queue/topic.hpp"

namespace nsqd {

using namespace nsq;

namespace {

/// What one expire() handles under the lock before it lets others in, some milliseconds' worth.
constexpr int kDueBatch = 4096;

/// Messages that become due within this time of each other go together: a commit each would cost
/// more than they do.
constexpr Nanoseconds kDueInterval = Milliseconds(1);

/// Takers of a message that stays in the topic.
constexpr std::size_t kHeld = SIZE_MAX;

BlockPtr single_block(std::string_view body) {
  BlockPtr block = Block::create(static_cast<std::uint32_t>(kFrameOverhead + body.size()));
  write_unstamped_frame(block->extend(block->capacity()), body);
  return block;
}

}  // namespace

Result<Ticket> Topic::publish_deferred(std::string_view body, Nanoseconds delay, Journal& journal,
                                       Now now, Effects& effects) {
  if (delay <= Nanoseconds::zero()) return publish({&body, 1}, journal, now, effects);
  BlockPtr own = single_block(body);
  const MutexLock lock(mutex_);
  if (exiting_) return fail(Errc::exiting);
  DeferredMessage message;
  message.at = {unix_nanos(now.wall + delay), next_offset_};
  message.stored = writes_deferred(message.at, unix_nanos(now.wall));
  if (message.stored) {
    if (auto available = journal.available(); !available) {
      return std::unexpected(std::move(available.error()));
    }
  }
  message.run = stamp(std::move(own), 1, now.wall);
  --next_offset_;  // the stamp's offset is the message's number, which defer() takes
  count_messages(1, body.size());
  if (holding()) {
    if (ephemeral() && held_.count() + held_deferred_ >= limits_.mem_queue_size) {
      ++next_offset_;
      return Ticket{0};
    }
    ++held_deferred_;
  }
  const bool held = holding();
  const Ticket ticket = defer(std::move(message), journal, now, effects);
  if (!held) {
    for (const auto& channel : channels_) channel->expect_deferred(1);
  }
  return ticket;
}

bool Topic::writes_deferred(DuePoint at, std::int64_t now) const {
  if (!link_) return false;
  return durability_ != Durability::memory || !deferred_.is_near(at, now);
}

/// REQUIRES: the message's number is next_offset_.
Ticket Topic::defer(DeferredMessage message, Journal& journal, Now now, Effects& effects) {
  if (!message.stored) message.run.logged = false;  // the log no longer keeps its old place
  const Ticket ticket = message.stored ? journal.defer(*this, message) : Ticket{0};
  settle_now(next_offset_, next_offset_ + 1);
  ++next_offset_;
  deferred_.push(std::move(message), unix_nanos(now.wall));
  look_after_deferred(now, effects);
  return ticket;
}

void Topic::expire(Now now) {
  Effects effects;
  {
    const MutexLock lock(mutex_);
    armed_.reset();
    if (exiting_) return;
    let_in_due(now, effects);
    last_due_ = now.mono;
    look_after_deferred(now, effects);
  }
  effects.run();
}

/// Starts the next read if it is time, and sets the alarm.
void Topic::look_after_deferred(Now now, Effects& effects) {
  const std::int64_t wall = unix_nanos(now.wall);
  if (link_) {
    if (const auto span = deferred_.start_read(wall)) {
      effects.read_deferred(*setup_.log, {shared_from_this(), span->from, span->to});
    }
  }
  const auto look = deferred_.next_look();
  if (!look) return;
  MonoTime when = now.mono + Nanoseconds(std::max<std::int64_t>(0, *look - wall));
  when = std::max(when, last_due_ + kDueInterval);
  if (armed_ && *armed_ <= when) return;
  armed_ = when;
  deadlines_.arm(shared_from_this(), when);
}

void Topic::take_deferred(DeferredResult result, Now now) {
  Effects effects;
  {
    const MutexLock lock(mutex_);
    if (exiting_) return;
    deferred_.take(std::move(result));
    look_after_deferred(now, effects);
  }
  effects.run();
}

void Topic::let_in_due(Now now, Effects& effects) {
  std::vector<DeferredMessage> group;  // alike: one append
  std::size_t group_takers = 0;
  for (int i = 0; i < kDueBatch; ++i) {
    auto message = deferred_.pop_due(unix_nanos(now.wall));
    if (!message) break;
    const std::size_t who = takers(*message);
    if (who == 0) {
      if (message->stored) discard(std::move(*message));
      continue;
    }
    if (!group.empty()) {
      const DeferredMessage& like = group.front();
      if (like.channel != message->channel || like.stored != message->stored ||
          like.run.attempts != message->run.attempts || group_takers != who) {
        let_in(group, effects);
      }
    }
    group_takers = who;
    group.push_back(std::move(*message));
  }
  if (!group.empty()) let_in(group, effects);
}

std::size_t Topic::takers(const DeferredMessage& message) const {
  const Offset number = message.at.number;
  if (message.channel == 0) {
    const auto in = [&](const LogRange& range) {
      return number >= range.begin && number < range.end;
    };
    if (std::any_of(dropped_.begin(), dropped_.end(), in)) return 0;
    if (holding() && number >= distributed_) return kHeld;
  }
  return static_cast<std::size_t>(
      std::count_if(channels_.begin(), channels_.end(), [&](const auto& channel) {
        return (message.channel == 0 || message.channel == channel->id()) &&
               channel->wants(number, message.channel != 0);
      }));
}

/// Lets the group in, by way of the log if it is there at all, and empties it.
void Topic::let_in(std::vector<DeferredMessage>& group, Effects& effects) {
  if (group.front().stored) {
    move_to_log(std::exchange(group, {}));
    return;
  }
  for (const auto& message : group) hand_out_due(message, message.run, effects);
  group.clear();
}

/// The group goes on to a place behind what was published so far. It is handed out when it is
/// there: until then its old place is the only one, to which it returns if the disk fails.
void Topic::move_to_log(std::vector<DeferredMessage> group) {
  std::uint32_t bytes = 0;
  for (const auto& message : group) bytes += message.run.bytes();
  Run run;
  run.block = Block::create(bytes);
  run.end = bytes;
  run.count = static_cast<std::uint32_t>(group.size());
  run.attempts = group.front().run.attempts;
  run.logged = true;
  run.first = next_offset_;
  next_offset_ += run.count;
  Journal& journal = setup_.log->deadline_journal();
  Audience audience{group.front().channel, group.front().at.number, {}};
  for (const auto& message : group) {
    const auto frames = message.run.frames();
    std::memcpy(run.block->extend(static_cast<std::uint32_t>(frames.size())), frames.data(),
                frames.size());
    audience.born = std::min(*audience.born, message.at.number);
    if (audience.channel != 0) audience.homes.push_back(message.home);
    journal.drop_deferred(*this, message);
  }
  journal.append(*this, run, audience);
  // What is published from now on must not be one range with what was before.
  clean_from_ = next_offset_;
  moving_.emplace(run.first, Moving{std::move(group), run});
}

void Topic::move_settled(Offset first, bool ok, Now now, Effects& effects) {
  const auto found = moving_.find(first);
  Moving moving = std::move(found->second);
  moving_.erase(found);
  if (!ok) {
    deferred_.put_back(std::move(moving.group), unix_nanos(now.wall));
    return;
  }
  for (const auto& message : moving.group) deferred_.moved(message.at.number, first++);
  hand_out_due(moving.group.front(), moving.run, effects);
}

void Topic::discard(DeferredMessage message) {
  setup_.log->deadline_journal().discard_deferred(*this, message);
  const Offset number = message.at.number;
  discarding_.emplace(number, std::move(message));
}

/// What the log has not forgotten it would bring back at the next start.
void Topic::discard_settled(Offset number, bool ok, Now now) {
  auto message = discarding_.extract(number);
  if (message.empty() || ok) return;
  deferred_.put_back({std::move(message.mapped())}, unix_nanos(now.wall));
}

void Topic::hand_out_due(const DeferredMessage& like, const Run& run, Effects& effects) {
  const std::size_t who = takers(like);
  if (who == kHeld) {
    held_deferred_ -= std::min<std::uint64_t>(held_deferred_, run.count);
    hold(run, false);
    return;
  }
  // Past a topic that holds, to where the message was meant to go when it was deferred.
  for (const auto& channel : channels_) {
    if (who == 0 || (like.channel != 0 && like.channel != channel->id())) continue;
    if (channel->wants(like.at.number, like.channel != 0)) channel->put_due(run, effects);
  }
}

/// Its publish failed, so nobody gets it.
void Topic::forget_deferred(const DeferredMessage& message) {
  const std::size_t who = takers(message);
  if (who == kHeld) {
    held_deferred_ -= std::min<std::uint64_t>(held_deferred_, 1);
    return;
  }
  for (const auto& channel : channels_) {
    if (who > 0 && channel->wants(message.at.number, false)) channel->forget_deferred(1);
  }
}

}  // namespace nsqd
