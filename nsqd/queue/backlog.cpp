#include "nsqd/queue/backlog.hpp"

#include <algorithm>

#include "common/base/assert.hpp"

namespace nsqd {

void Backlog::append(const LogRange& range, Offset committed) {
  count_ += range.count;
  if (open_ && !ranges_.empty() && range.attempts == 0) {
    LogRange& last = ranges_.back();
    NSQ_ASSERT(range.begin >= last.end);
    if (range.begin == last.end || range.begin <= committed) {
      last.end = range.end;
      last.count += range.count;
      return;
    }
  }
  ranges_.push_back(range);
  open_ = range.attempts == 0;
}

void Backlog::add(const LogRange& range) {
  count_ += range.count;
  open_ = false;
  if (!ranges_.empty()) {
    LogRange& last = ranges_.back();
    if (last.end == range.begin && last.attempts == range.attempts) {
      last.end = range.end;
      last.count += range.count;
      return;
    }
  }
  ranges_.push_back(range);
}

void Backlog::advance(Offset next, std::uint64_t messages) {
  LogRange& front = ranges_.front();
  messages = std::min(messages, front.count);
  front.begin = std::min(next, front.end);
  front.count -= messages;
  count_ -= messages;
  if (front.begin < front.end) return;
  count_ -= front.count;
  ranges_.pop_front();
}

void Backlog::withdraw(Offset begin, Offset end, std::uint64_t count) {
  for (auto& range : ranges_) {
    if (begin < range.begin || end > range.end) continue;
    const auto gone = std::min(count, range.count);
    range.count -= gone;
    count_ -= gone;
    return;
  }
}

void Backlog::clear() noexcept {
  ranges_.clear();
  count_ = 0;
  open_ = false;
}

std::vector<LogRange> merged(std::vector<LogRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const LogRange& a, const LogRange& b) { return a.begin < b.begin; });
  std::size_t last = 0;
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    LogRange& into = ranges[last];
    const LogRange& next = ranges[i];
    if (into.end == next.begin && into.attempts == next.attempts) {
      into.end = next.end;
      into.count += next.count;
    } else {
      ranges[++last] = next;
    }
  }
  if (!ranges.empty()) ranges.resize(last + 1);
  return ranges;
}

}  // namespace nsqd
