#include "nsqd/queue/backlog.hpp"

#include <algorithm>

namespace nsqd {

void Backlog::append(const LogRange& range, Offset clean_from) {
  count_ += range.count;
  if (open_ && !ranges_.empty() && range.attempts == 0) {
    LogRange& last = ranges_.back();
    if (last.end == range.begin || (last.end < range.begin && clean_from <= last.end)) {
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

void Backlog::withdraw(Offset begin, Offset end) {
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    const Offset from = std::max(begin, ranges_[i].begin);
    const Offset to = std::min(end, ranges_[i].end);
    if (from >= to) continue;
    // What is not committed has no gaps, and gets none here: Cursor::clip relies on it.
    LogRange rest = ranges_[i];
    rest.begin = to;
    rest.count = rest.end - to;
    ranges_[i].end = from;
    ranges_[i].count -= to - from + rest.count;
    count_ -= to - from;
    const auto at = ranges_.begin() + static_cast<std::ptrdiff_t>(i);
    if (rest.count > 0) {
      ranges_.insert(at + 1, rest);
    } else if (i + 1 == ranges_.size() && from == ranges_[i].begin) {
      open_ = false;
    }
  }
  std::erase_if(ranges_, [](const LogRange& range) { return range.begin == range.end; });
}

void Backlog::clear() noexcept {
  ranges_.clear();
  count_ = 0;
  open_ = false;
}

std::vector<LogRange> without(std::vector<LogRange> ranges, std::vector<Offset> offsets,
                              const CountInLog& count_in_log) {
  std::sort(offsets.begin(), offsets.end());
  std::vector<LogRange> left;
  auto next = offsets.begin();
  for (LogRange range : ranges) {
    next = std::lower_bound(next, offsets.end(), range.begin);
    for (; next != offsets.end() && *next < range.end; ++next) {
      if (*next < range.begin) continue;  // twice in the list
      const bool gaps = range.count < range.end - range.begin;
      const std::uint64_t before =
          std::min(range.count, gaps ? count_in_log(range.begin, *next) : *next - range.begin);
      if (range.begin < *next) left.push_back({range.begin, *next, before, range.attempts});
      range.begin = *next + 1;
      range.count -= std::min<std::uint64_t>(range.count, before + 1);
    }
    if (range.begin < range.end) left.push_back(range);
  }
  return left;
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
