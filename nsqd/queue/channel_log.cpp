// A channel's side of the log: lagging, reading back, and the cursor.

#include <algorithm>
#include <utility>

#include "common/base/bytes.hpp"
#include "nsqd/queue/channel.hpp"
#include "nsqd/queue/frame.hpp"

namespace nsqd {
namespace {

using namespace nsq;  // _KiB

/// How much of the log one read brings into memory, and the same when memory is short.
constexpr std::uint32_t kReadWindow = 512_KiB;
constexpr std::uint32_t kShortReadWindow = 32_KiB;

}  // namespace

void Channel::put_logged(const LogRange& range, Offset clean_from, Effects& effects) {
  const MutexLock lock(mutex_);
  if (exiting_) return;
  message_count_ += range.count;
  backlog_.append(range, clean_from);
  read_ahead(effects);
}

bool Channel::would_lag(std::uint32_t count) const {
  const MutexLock lock(mutex_);
  if (ephemeral_ || !link_) return false;
  Run run;
  run.count = count;
  run.logged = true;
  return room_in_memory(run, Offset{0}) < count;
}

bool Channel::memory_full() const {
  return waiting_.bytes() >= limits_.mem_queue_bytes || Block::bytes_in_use() >= limits_.max_memory;
}

std::uint32_t Channel::room_in_memory(const Run& run, From from) const {
  if (!link_ || !run.logged) return run.count;
  if (memory_full()) return 0;
  if (from) {
    // Behind what lags, or it would overtake; straight to a consumer that waits, at any limit.
    if (!backlog_.empty()) return 0;
    if (waiting_.empty() && !line_.empty() && !paused_) return run.count;
  }
  const std::uint64_t room =
      limits_.mem_queue_size - std::min(limits_.mem_queue_size, waiting_.count());
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(room, run.count));
}

void Channel::stay_in_log(const Run& run, From from) {
  const LogRange range{run.first, run.first + run.count, run.count, run.attempts};
  if (from) {
    // A range may only have gaps where the log is committed, so that what lies above can be cut
    // off.
    const bool settled = range.begin <= link_->committed.load();
    backlog_.append(range, settled ? *from : kNowhere);
  } else {
    backlog_.add(range);
  }
}

void Channel::committed_more(Effects& effects) {
  const MutexLock lock(mutex_);
  read_ahead(effects);
}

void Channel::withdraw(Offset begin, Offset end) {
  const MutexLock lock(mutex_);
  backlog_.withdraw(begin, end);
  waiting_.unlog(begin, end);
  in_flight_.unlog(begin, end);
}

bool Channel::only_in_flight_below(Offset before) const {
  const MutexLock lock(mutex_);
  const auto above = [&](Offset begin) { return begin >= before; };
  return std::ranges::all_of(backlog_.ranges(), above, &LogRange::begin) &&
         std::ranges::all_of(waiting_.runs(), above, &Run::first);
}

void Channel::move_in_flight(Offset before, const std::function<void(Run&)>& place) {
  const MutexLock lock(mutex_);
  for (const auto slot : in_flight_.logged_below(before)) {
    Run run = copy_out(in_flight_.run_of(slot));
    place(run);
    in_flight_.move(slot, run);
  }
}

void Channel::give_unlogged(std::map<Offset, Run>& into) const {
  const MutexLock lock(mutex_);
  waiting_.give_unlogged(into);
  in_flight_.give_unlogged(into);
}

void Channel::move_unlogged(const std::map<Offset, Offset>& places) {
  const MutexLock lock(mutex_);
  waiting_.move_unlogged(places, backlog_);
  in_flight_.move_unlogged(places, backlog_);
}

std::uint32_t Channel::read_window() const {
  return Block::bytes_in_use() < limits_.max_memory ? kReadWindow : kShortReadWindow;
}

void Channel::read_ahead(Effects& effects) {
  if (backlog_.empty() || reading_ || paused_ || exiting_) return;
  if (line_.empty() && awake_ == 0) return;  // nobody takes anything; who does will pull
  const std::uint32_t window = read_window();
  if (waiting_.bytes() >= window / 2) return;
  const auto end = readable_end();
  auto topic = link_->topic.lock();
  if (!end || !topic) return;
  reading_ = true;
  effects.read(link_->log, {.topic = std::move(topic),
                            .channel = shared_from_this(),
                            .channel_id = id_,
                            .start = start_,
                            .begin = backlog_.front().begin,
                            .end = *end,
                            .bytes = window,
                            .epoch = epoch_});
}

std::optional<Offset> Channel::readable_end() const {
  const LogRange& front = backlog_.front();
  Offset committed = link_->committed.load();
  if (front.begin >= committed) {
    // Either this sees the commit that happens now, or the commit sees that it is awaited.
    link_->awaited.store(true);
    committed = link_->committed.load();
    if (front.begin >= committed) return std::nullopt;
  }
  return std::min(front.end, committed);
}

void Channel::refill(ReadResult result, Effects& effects) {
  const MutexLock lock(mutex_);
  if (result.epoch != epoch_ || exiting_) return;
  reading_ = false;
  std::uint64_t count = 0;
  for (auto& run : result.runs) {
    run.attempts = std::max(run.attempts, backlog_.front().attempts);
    run.logged = true;
    count += run.count;
    waiting_.push(std::move(run));
  }
  backlog_.advance(result.next, count);
  if (paused_) return;
  wake_line(count, effects);
  read_ahead(effects);
}

void Channel::peek(Effects& effects) {
  const MutexLock lock(mutex_);
  if (exiting_ || backlog_.empty() || !waiting_.empty() || in_flight_.count() > 0) return;
  const Offset begin = backlog_.front().begin;
  if (peek_ && peek_->at == begin) return;
  const auto end = readable_end();
  auto topic = link_->topic.lock();
  if (!end || !topic) return;
  peek_ = Peek{.at = begin};
  effects.read(link_->log, {.topic = std::move(topic),
                            .channel = shared_from_this(),
                            .channel_id = id_,
                            .start = start_,
                            .begin = begin,
                            .end = *end,
                            .bytes = 1,
                            .epoch = epoch_,
                            .peek = true});
}

void Channel::peeked(const ReadResult& result) {
  const MutexLock lock(mutex_);
  if (result.epoch != epoch_ || !peek_ || result.runs.empty()) return;
  const Run& run = result.runs.front();
  // Else the answer is about a front that has moved on.
  if (run.first >= peek_->at) peek_->published = frame_time(run.frames().data());
}

Offset Channel::start() const {
  const MutexLock lock(mutex_);
  return start_;
}

Offset Channel::backlog_floor(Offset end) const {
  const MutexLock lock(mutex_);
  for (const LogRange& range : backlog_.ranges()) end = std::min(end, range.begin);
  return end;
}

bool Channel::wants(Offset born, bool own) const {
  const MutexLock lock(mutex_);
  return born >= (own ? emptied_ : start_);
}

Cursor Channel::cursor(Offset end) const {
  const MutexLock lock(mutex_);
  Cursor cursor{
      .start = start_, .emptied = emptied_, .end = end, .deferred = deferred_, .unacked = {}};
  cursor.unacked.assign(backlog_.ranges().begin(), backlog_.ranges().end());
  for (const Run& run : waiting_.runs()) {
    if (!run.logged) continue;
    cursor.unacked.push_back({run.first, run.first + run.count, run.count, run.attempts});
  }
  in_flight_.for_each([&](const InFlight::Message& message) {
    if (!message.logged) return;
    // Messages are mostly delivered in the order of the log, so there are few ranges to sort.
    LogRange* last = cursor.unacked.empty() ? nullptr : &cursor.unacked.back();
    if (last && last->end == message.offset && last->attempts == message.attempts) {
      ++last->end;
      ++last->count;
    } else {
      cursor.unacked.push_back({message.offset, message.offset + 1, 1, message.attempts});
    }
  });
  cursor.unacked = merged(std::move(cursor.unacked));
  return cursor;
}

void Channel::restore(const Cursor& cursor, bool paused) {
  const MutexLock lock(mutex_);
  paused_ = paused;
  start_ = cursor.start;
  emptied_ = cursor.emptied;
  deferred_ = cursor.deferred;
  for (const LogRange& range : cursor.unacked) backlog_.add(range);
}

void Channel::touch_cursor() noexcept {
  if (link_ && !ephemeral_) link_->touch();
}

}  // namespace nsqd
