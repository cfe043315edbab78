#include "nsqd/queue/cursor.hpp"

#include <algorithm>

namespace nsqd {

void Cursor::clip(Offset committed) {
  end = std::min(end, committed);
  while (!unacked.empty() && unacked.back().end > committed) {
    LogRange& last = unacked.back();
    if (last.begin >= committed) {
      unacked.pop_back();
      continue;
    }
    // What reaches beyond what is committed has no gaps there: see Backlog::append.
    const auto cut = std::min<std::uint64_t>(last.count, last.end - committed);
    last.count -= cut;
    last.end = committed;
    break;
  }
}

void Cursor::acknowledge(Offset offset) {
  const auto range = std::find_if(unacked.begin(), unacked.end(), [&](const LogRange& each) {
    return offset >= each.begin && offset < each.end;
  });
  if (range == unacked.end()) return;
  LogRange behind = *range;
  range->count = std::min<std::uint64_t>(behind.count - 1, offset - behind.begin);
  range->end = offset;
  behind.begin = offset + 1;
  behind.count -= 1 + range->count;
  const auto next = unacked.insert(range + 1, behind);
  if (next->begin == next->end) unacked.erase(next);
  std::erase_if(unacked, [](const LogRange& each) { return each.begin == each.end; });
}

}  // namespace nsqd
