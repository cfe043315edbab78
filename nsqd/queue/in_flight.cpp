#include "nsqd/queue/in_flight.hpp"

#include <algorithm>

#include "common/base/assert.hpp"
#include "nsqd/queue/frame.hpp"

namespace nsqd {

void InFlight::add(const Run& run, std::uint64_t owner, nsq::MonoTime now,
                   nsq::Nanoseconds timeout) {
  now = forward(now);
  const std::uint32_t use = new_use(run.block, run.count);
  const std::uint32_t list = list_for(timeout);
  const auto attempts = next_attempts(run.attempts);
  std::uint32_t at = run.begin;
  for (std::uint32_t i = 0; i < run.count; ++i) {
    const char* frame = run.block->data() + at;
    const std::uint32_t end = at + frame_bytes(frame);
    const Slot slot = new_slot();
    Node& node = slots_[slot];
    node.message = {frame_id(frame), run.first + i, owner, now, now + timeout, at, end,
                    attempts,        run.logged};
    node.use = use;
    link_last(slot, list);
    by_id_.emplace(node.message.id, slot);
    at = end;
  }
}

std::optional<InFlight::Slot> InFlight::find(std::uint64_t id) const {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  return found->second;
}

nsq::WallTime InFlight::published_at(Slot slot) const noexcept {
  const Node& node = slots_[slot];
  return frame_time(uses_[node.use].block->data() + node.message.begin);
}

std::optional<nsq::WallTime> InFlight::oldest() const {
  std::optional<nsq::WallTime> oldest;
  const auto consider = [&](Slot slot) {
    const auto time = published_at(slot);
    if (!oldest || time < *oldest) oldest = time;
  };
  for (const auto& list : lists_) {
    if (list.head != kNone) consider(list.head);
  }
  if (!capped_.empty()) consider(capped_.begin()->second);
  return oldest;
}

std::uint64_t InFlight::bytes_reserved() const noexcept {
  return slots_.capacity() * sizeof(Node) + uses_.capacity() * sizeof(BlockUse);
}

void InFlight::touch(Slot slot, nsq::MonoTime now, nsq::Nanoseconds timeout,
                     nsq::Nanoseconds max_timeout) {
  now = forward(now);
  unlink(slot);
  Message& message = slots_[slot].message;
  const nsq::MonoTime cap = message.delivered_at + max_timeout;
  if (now + timeout < cap) {
    message.deadline = now + timeout;
    link_last(slot, list_for(timeout));
  } else {
    message.deadline = cap;
    capped_.emplace(cap, slot);
  }
}

void InFlight::remove(Slot slot) {
  unlink(slot);
  by_id_.erase(slots_[slot].message.id);
  release_use(slots_[slot].use);
  free_slots_.push_back(slot);
}

Run InFlight::run_of(Slot slot) const {
  const Node& node = slots_[slot];
  const Message& message = node.message;
  return {uses_[node.use].block, message.begin,  message.end,   1,
          message.attempts,      message.logged, message.offset};
}

Run InFlight::take(Slot slot) {
  Run run = run_of(slot);
  remove(slot);
  return run;
}

std::vector<InFlight::Slot> InFlight::logged_below(Offset before) const {
  std::vector<Slot> slots;
  for (const auto& [id, slot] : by_id_) {
    const Message& message = slots_[slot].message;
    if (message.logged && message.offset < before) slots.push_back(slot);
  }
  return slots;
}

void InFlight::move(Slot slot, const Run& run) {
  const std::uint32_t use = new_use(run.block, 1);
  release_use(slots_[slot].use);
  slots_[slot].use = use;
  Message& message = slots_[slot].message;
  message.begin = run.begin;
  message.end = run.end;
  message.offset = run.first;
}

void InFlight::unlog(Offset begin, Offset end) {
  for (const auto& [id, slot] : by_id_) {
    Message& message = slots_[slot].message;
    if (message.offset >= begin && message.offset < end) message.logged = false;
  }
}

void InFlight::give_unlogged(std::map<Offset, Run>& into) const {
  for (const auto& [id, slot] : by_id_) {
    const Message& message = slots_[slot].message;
    if (!message.logged) into.emplace(message.offset, run_of(slot));
  }
}

std::optional<InFlight::Slot> InFlight::first_due(nsq::MonoTime now) const {
  std::optional<Slot> first;
  nsq::MonoTime deadline = now;
  for (const auto& list : lists_) {
    if (list.head == kNone || slots_[list.head].message.deadline > deadline) continue;
    first = list.head;
    deadline = slots_[list.head].message.deadline;
  }
  if (!capped_.empty() && capped_.begin()->first <= deadline) first = capped_.begin()->second;
  return first;
}

std::optional<nsq::MonoTime> InFlight::next_deadline() const {
  std::optional<nsq::MonoTime> next;
  for (const auto& list : lists_) {
    if (list.head == kNone) continue;
    const auto deadline = slots_[list.head].message.deadline;
    if (!next || deadline < *next) next = deadline;
  }
  if (!capped_.empty() && (!next || capped_.begin()->first < *next)) next = capped_.begin()->first;
  return next;
}

void InFlight::move_unlogged(const std::map<Offset, Offset>& places, Backlog& backlog) const {
  for_each([&](const Message& message) {
    const auto place = places.find(message.offset);
    if (message.logged || place == places.end()) return;
    backlog.add({place->second, place->second + 1, 1, message.attempts});
  });
}

void InFlight::clear() {
  // Assigned anew rather than cleared: what a burst needed goes back to the allocator.
  *this = InFlight();
}

nsq::MonoTime InFlight::forward(nsq::MonoTime now) {
  latest_ = std::max(latest_, now);
  return latest_;
}

InFlight::Slot InFlight::new_slot() {
  if (free_slots_.empty()) {
    slots_.emplace_back();
    return static_cast<Slot>(slots_.size() - 1);
  }
  const Slot slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

std::uint32_t InFlight::new_use(const BlockPtr& block, std::uint32_t slots) {
  if (free_uses_.empty()) {
    uses_.push_back({block, slots});
    return static_cast<std::uint32_t>(uses_.size() - 1);
  }
  const std::uint32_t use = free_uses_.back();
  free_uses_.pop_back();
  uses_[use] = {block, slots};
  return use;
}

std::uint32_t InFlight::list_for(nsq::Nanoseconds timeout) {
  const auto found = std::find_if(lists_.begin(), lists_.end(),
                                  [&](const TimeoutList& list) { return list.timeout == timeout; });
  if (found != lists_.end()) return static_cast<std::uint32_t>(found - lists_.begin());
  // A list that emptied serves the next timeout, so that clients cannot grow the number for ever.
  const auto empty = std::find_if(lists_.begin(), lists_.end(),
                                  [](const TimeoutList& list) { return list.head == kNone; });
  if (empty != lists_.end()) {
    empty->timeout = timeout;
    return static_cast<std::uint32_t>(empty - lists_.begin());
  }
  lists_.push_back({timeout});
  return static_cast<std::uint32_t>(lists_.size() - 1);
}

void InFlight::link_last(Slot slot, std::uint32_t index) {
  TimeoutList& list = lists_[index];
  Node& node = slots_[slot];
  node.list = index;
  node.previous = list.tail;
  node.next = kNone;
  (list.tail == kNone ? list.head : slots_[list.tail].next) = slot;
  list.tail = slot;
}

void InFlight::unlink(Slot slot) {
  Node& node = slots_[slot];
  if (node.list == kNone) {
    capped_.erase({node.message.deadline, slot});
    return;
  }
  TimeoutList& list = lists_[node.list];
  (node.previous == kNone ? list.head : slots_[node.previous].next) = node.next;
  (node.next == kNone ? list.tail : slots_[node.next].previous) = node.previous;
  node.list = kNone;
}

void InFlight::release_use(std::uint32_t use) {
  NSQ_ASSERT(uses_[use].slots > 0);
  if (--uses_[use].slots > 0) return;
  uses_[use].block.reset();
  free_uses_.push_back(use);
}

}  // namespace nsqd
