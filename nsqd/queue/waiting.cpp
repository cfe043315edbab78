#include "nsqd/queue/waiting.hpp"

#include <algorithm>
#include <utility>

#include "common/base/assert.hpp"
#include "nsqd/queue/frame.hpp"

namespace nsqd {
namespace {

/// How many messages at the front of `run`, at least one, fit into the two limits.
std::uint32_t fitting(const Run& run, std::uint32_t count, std::uint32_t bytes) {
  count = std::min(count, run.count);
  if (run.bytes() <= bytes) return count;
  std::uint32_t taken = 0;
  std::uint32_t at = run.begin;
  while (taken < count) {
    at += frame_bytes(run.block->data() + at);
    if (at - run.begin > bytes && taken > 0) break;
    ++taken;
  }
  return taken;
}

}  // namespace

void Waiting::push(Run run) {
  count_ += run.count;
  bytes_ += run.bytes();
  if (!runs_.empty() && continues(runs_.back(), run)) {
    runs_.back().end = run.end;
    runs_.back().count += run.count;
    return;
  }
  runs_.push_back(std::move(run));
}

std::uint32_t Waiting::front_bytes() const noexcept {
  return frame_bytes(runs_.front().frames().data());
}

nsq::WallTime Waiting::front_time() const noexcept {
  return frame_time(runs_.front().frames().data());
}

Run Waiting::pop(std::uint32_t count, std::uint32_t bytes) {
  NSQ_ASSERT(!runs_.empty() && count > 0);
  Run& front = runs_.front();
  const std::uint32_t take = fitting(front, count, bytes);
  count_ -= take;
  Run taken = take < front.count ? split_front(front, take) : std::move(front);
  if (!front.block) runs_.pop_front();
  bytes_ -= taken.bytes();
  return taken;
}

void Waiting::give_unlogged(std::map<Offset, Run>& into) const {
  for (const Run& run : runs_) {
    if (run.logged) continue;
    Run rest = run;
    while (rest.count > 1) {
      Run one = split_front(rest, 1);
      into.emplace(one.first, std::move(one));
    }
    into.emplace(rest.first, std::move(rest));
  }
}

void Waiting::move_unlogged(const std::map<Offset, Offset>& places, Backlog& backlog) const {
  for (const Run& run : runs_) {
    if (run.logged) continue;
    for (Offset offset = run.first; offset < run.first + run.count; ++offset) {
      const auto place = places.find(offset);
      if (place == places.end()) continue;
      backlog.add({place->second, place->second + 1, 1, run.attempts});
    }
  }
}

void Waiting::unlog(Offset begin, Offset end) {
  std::deque<Run> runs;
  for (Run& run : runs_) {
    const Offset from = std::max(begin, run.first);
    const Offset to = std::min(end, run.first + run.count);
    if (from < to && run.first < from) {
      runs.push_back(split_front(run, static_cast<std::uint32_t>(from - run.first)));
    }
    if (from < to && to < run.first + run.count) {
      runs.push_back(split_front(run, static_cast<std::uint32_t>(to - run.first)));
      runs.back().logged = false;
    } else if (from < to) {
      run.logged = false;
    }
    runs.push_back(std::move(run));
  }
  runs_ = std::move(runs);
}

void Waiting::clear() noexcept {
  runs_.clear();
  count_ = 0;
  bytes_ = 0;
}

}  // namespace nsqd
