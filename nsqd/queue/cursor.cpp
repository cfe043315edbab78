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
    // What reaches beyond what is committed has no gaps there: see Backlog.
    const auto cut = std::min<std::uint64_t>(last.count, last.end - committed);
    last.count -= cut;
    last.end = committed;
    break;
  }
}

}  // namespace nsqd
