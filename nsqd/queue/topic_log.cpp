// A topic's side of the log: what is committed, what must be written down, and going on from there.

#include <algorithm>
#include <map>
#include <utility>

#include "nsqd/queue/topic.hpp"

namespace nsqd {

using namespace nsq;

Offset TopicImage::floor() const noexcept {
  Offset floor = std::min(committed, held.floor());
  for (const auto& channel : channels) floor = std::min(floor, channel.cursor.floor());
  return floor;
}

void Topic::settle_now(Offset begin, Offset end) {
  if (link_ && mark_.settle(begin, end)) link_->committed.store(mark_.end());
}

void Topic::settled(std::span<const Settlement> what, Now now, Effects& effects) {
  const MutexLock lock(mutex_);
  if (!link_ || exiting_) return;
  bool deferred = false;
  for (const Settlement& each : what) {
    if (each.kind == Settlement::Kind::deferred) {
      if (const auto gone = deferred_.settled(each.begin, each.ok)) forget_deferred(*gone);
      deferred = true;
      continue;
    }
    settle_now(each.begin, each.end);
    if (moving_.contains(each.begin)) {
      move_settled(each.begin, each.ok, now, effects);
      deferred = true;
      continue;
    }
    if (each.ok) continue;
    Run run;
    run.first = each.begin;
    run.count = each.count;
    for (const auto& channel : channels_) channel->withdraw(run);
    held_backlog_.withdraw(each.begin, each.end, each.count);
  }
  if (link_->awaited.load() && link_->awaited.exchange(false)) {
    for (const auto& channel : channels_) channel->committed_more(effects);
  }
  if (deferred) look_after_deferred(now, effects);
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
  image.held = held_cursor();
  if (deferred_.empty() && moving_.empty()) dropped_.clear();
  image.dropped = dropped_;
  for (const auto& channel : channels_) {
    if (channel->ephemeral()) continue;
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
  const auto homes = deferred_.homes(image.committed);
  image.homeless = std::min(homes.first_number, image.next_offset);
  for (const auto& home : homes.kept) {
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

bool Topic::give_unlogged(Journal& journal) {
  const MutexLock lock(mutex_);
  if (!link_) return false;
  Effects effects;
  for (const auto& [first, moving] : moving_) {
    hand_out_due(moving.group.front(), moving.run, effects);  // nobody is there to be woken
  }
  moving_.clear();
  // Channels share messages, in different runs: each is written once, at its own offset.
  std::map<Offset, Run> messages;
  for (const auto& channel : channels_) {
    if (!channel->ephemeral()) channel->give_unlogged(messages);
  }
  held_.give_unlogged(messages);
  for (auto& [offset, run] : messages) {
    run.attempts = 0;  // each channel's cursor knows its own
    journal.append(*this, run, {});
  }
  const auto deferred = deferred_.store_all();
  for (const auto& message : deferred) journal.defer(*this, message);
  exiting_ = true;  // settled() has nothing to add
  return !messages.empty() || !deferred.empty();
}

}  // namespace nsqd
