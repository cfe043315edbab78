#include "nsqd/queue/deferred.hpp"

#include <algorithm>
#include <utility>

#include "common/base/assert.hpp"

namespace nsqd {

bool Deferred::later(const Entry& a, const Entry& b) noexcept {
  return std::pair(a.due, a.offset) > std::pair(b.due, b.offset);
}

Run Deferred::to_run(Entry entry) noexcept {
  const std::uint32_t bytes = entry.block->used();
  return {std::move(entry.block), 0, bytes, 1, entry.attempts, entry.offset};
}

std::optional<nsq::MonoTime> Deferred::next_due() const noexcept {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().due;
}

void Deferred::push(Run run, nsq::MonoTime due) {
  NSQ_ASSERT(run.count == 1 && run.begin == 0 && run.end == run.block->used());
  heap_.push_back({due, std::move(run.block), run.first, run.attempts});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

std::optional<Run> Deferred::pop_due(nsq::MonoTime now) {
  if (heap_.empty() || heap_.front().due > now) return std::nullopt;
  std::pop_heap(heap_.begin(), heap_.end(), later);
  Run run = to_run(std::move(heap_.back()));
  heap_.pop_back();
  return run;
}

std::vector<Deferred::Item> Deferred::take_all() {
  std::sort(heap_.begin(), heap_.end(), [](const Entry& a, const Entry& b) { return later(b, a); });
  std::vector<Item> items;
  items.reserve(heap_.size());
  for (auto& entry : heap_) {
    const auto due = entry.due;
    items.push_back({to_run(std::move(entry)), due});
  }
  heap_.clear();
  return items;
}

}  // namespace nsqd
