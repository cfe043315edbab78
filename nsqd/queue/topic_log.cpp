// A topic's side of the log: what is committed, what must be written down, and going on from there.

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/bytes.hpp"
#include "nsqd/queue/frame.hpp"
#include "nsqd/queue/topic.hpp"

namespace nsqd {

using namespace nsq;

namespace {

/// How much log may be kept for the sake of messages that are in flight for long.
constexpr std::uint64_t kStragglerBytes = 64_MiB;

/// A message's size in a topic to which nothing was published since the start.
constexpr std::uint64_t kUnknownBodyBytes = 256;

}  // namespace

Offset TopicImage::floor() const noexcept {
  Offset floor = std::min({committed, held.floor(), needed});
  for (const auto& channel : channels) floor = std::min(floor, channel.cursor.floor());
  return floor;
}

void Topic::settle_now(Offset begin, Offset end) {
  if (link_ && mark_.settle(begin, end)) link_->committed.store(mark_.end());
}

void Topic::settled(std::span<const Settlement> what, Now now, Effects& effects) {
  const MutexLock lock(mutex_);
  if (!link_ || exiting_) return;
  link_->touch();
  bool deferred = false;
  for (const Settlement& each : what) {
    if (each.kind == Settlement::Kind::deferred) {
      if (const auto gone = deferred_.settled(each.begin, each.ok)) forget_deferred(*gone);
      deferred = true;
      continue;
    }
    if (each.kind == Settlement::Kind::discarded) {
      discard_settled(each.begin, each.ok, now);
      deferred = true;
      continue;
    }
    const bool moved = moving_.contains(each.begin);
    // Nobody may read beyond the mark before it is known what is not there.
    if (!each.ok && !moved) withdraw(each.begin, each.end);
    settle_now(each.begin, each.end);
    if (moved) move_settled(each.begin, each.ok, now, effects);
    deferred = deferred || moved;
  }
  if (link_->awaited.load() && link_->awaited.exchange(false)) {
    for (const auto& channel : channels_) channel->committed_more(effects);
  }
  if (deferred) look_after_deferred(now, effects);
}

/// Their commit failed.
void Topic::withdraw(Offset begin, Offset end) {
  for (const auto& channel : channels_) channel->withdraw(begin, end);
  held_backlog_.withdraw(begin, end);
  held_.unlog(begin, end);
  deferred_.not_taken(begin, end);
}

void Topic::move_stragglers(Journal& journal) {
  const MutexLock lock(mutex_);
  if (!link_ || exiting_ || !journal.available()) return;
  const std::uint64_t body =
      message_count_ > 0 ? message_bytes_ / message_count_ : kUnknownBodyBytes;
  const std::uint64_t frame = body + kFrameOverhead;
  const Offset span = kStragglerBytes / frame;
  if (mark_.end() <= span) return;
  const Offset before = mark_.end() - span;
  if (held_cursor().floor() < before) return;
  for (const auto& channel : channels_) {
    if (!channel->only_in_flight_below(before)) return;
  }
  for (const auto& channel : channels_) {
    if (!channel->ephemeral()) move_in_flight(*channel, before, journal);
  }
}

void Topic::move_in_flight(Channel& channel, Offset before, Journal& journal) {
  std::vector<std::pair<Offset, Run>> moved;
  channel.move_in_flight(before, [&, next = next_offset_](Run& run) mutable {
    const Offset from = std::exchange(run.first, next++);
    moved.emplace_back(from, run);
  });
  for (const auto& [from, run] : moved) {
    journal.append(*this, run, {channel.id(), run.first, {from}});
    deferred_.pin({channel.id(), from, run.attempts}, run.first);
  }
  next_offset_ += moved.size();
  if (!moved.empty()) clean_from_ = next_offset_;
}

TopicImage Topic::image() {
  const MutexLock lock(mutex_);
  if (link_) link_->dirty.store(false, std::memory_order_release);
  TopicImage image;
  image.id = setup_.id;
  image.name = name_.str();
  image.paused = paused_;
  image.durability = durability_;
  image.next_offset = next_offset_;
  image.committed = mark_.end();
  image.last_channel = last_channel_;
  image.far_deferred = deferred_.stored();
  image.id_unit = ids_.unit();
  image.held = held_cursor();
  if (deferred_.empty() && moving_.empty() && discarding_.empty()) {
    const Offset committed = mark_.end();
    std::erase_if(dropped_, [&](const LogRange& range) { return range.end <= committed; });
  }
  image.dropped = dropped_;
  for (const auto& channel : channels_) {
    if (channel->ephemeral()) {
      image.needed = std::min(image.needed, channel->backlog_floor(next_offset_));
      continue;
    }
    image.channels.push_back(
        {channel->id(), channel->name(), channel->paused(), channel->cursor(next_offset_)});
  }
  add_homes(image);
  for (auto& channel : image.channels) channel.cursor.clip(image.committed);
  // What is acknowledged before it is committed is to be written when it is.
  if (link_ && image.committed < image.next_offset) link_->touch();
  return image;
}

Cursor Topic::held_cursor() const {
  Cursor cursor{.start = holding() ? distributed_ : next_offset_,
                .emptied = 0,
                .end = next_offset_,
                .deferred = held_deferred_,
                .unacked = {}};
  cursor.unacked.assign(held_backlog_.ranges().begin(), held_backlog_.ranges().end());
  for (const Run& run : held_.runs()) {
    if (!run.logged) continue;
    cursor.unacked.push_back({run.first, run.first + run.count, run.count, run.attempts});
  }
  cursor.unacked = merged(std::move(cursor.unacked));
  cursor.clip(mark_.end());
  return cursor;
}

/// Until the new place of a deferred message is committed, its old one must be kept.
void Topic::add_homes(TopicImage& image) {
  for (const auto& home : deferred_.homes(image.committed)) {
    for (auto& channel : image.channels) {
      if (channel.id != home.channel || home.offset < channel.cursor.start) continue;
      channel.cursor.unacked.push_back({home.offset, home.offset + 1, 1, home.attempts});
      channel.cursor.unacked = merged(std::move(channel.cursor.unacked));
    }
  }
}

void Topic::restore(const TopicImage& image) {
  paused_ = image.paused;
  durability_ = image.durability;
  next_offset_ = image.next_offset;
  mark_ = CommitMark(image.next_offset);
  if (link_) link_->committed.store(image.next_offset);
  last_channel_ = image.last_channel;
  ids_.go_on_behind(image.id_unit);
  clean_from_ = next_offset_;
  distributed_ = image.held.start;
  held_deferred_ = image.held.deferred;
  for (const LogRange& range : image.held.unacked) held_backlog_.add(range);
  dropped_ = image.dropped;
  deferred_.restore(image.far_deferred);
  for (const auto& each : image.channels) {
    const auto channel = make_channel(each.name, {.id = each.id, .start = each.cursor.start});
    channel->restore(each.cursor, each.paused);
  }
}

void Topic::give_all(Journal& journal) {
  const MutexLock lock(mutex_);
  if (!link_) return;
  exiting_ = true;  // settled() has nothing to add
  Effects effects;
  for (const auto& [first, moving] : moving_) {
    hand_out_due(moving.group.front(), moving.run, effects);  // nobody is there to be woken
  }
  moving_.clear();
  for (const auto& message : deferred_.store_all()) journal.defer(*this, message);
  // Channels share messages: each is written once, and at a new place, as the old one may lie
  // within what other channels are still to read.
  std::map<Offset, Run> messages;
  for (const auto& channel : channels_) {
    if (!channel->ephemeral()) channel->give_unlogged(messages);
  }
  held_.give_unlogged(messages);
  std::map<Offset, Offset> places;
  for (auto& [offset, run] : messages) {
    run.first = next_offset_++;
    run.attempts = 0;
    run.logged = true;
    places.emplace(offset, run.first);
    journal.append(*this, run, {});
  }
  for (const auto& channel : channels_) channel->move_unlogged(places);
  held_.move_unlogged(places, held_backlog_);
  mark_ = CommitMark(next_offset_);
}

}  // namespace nsqd
