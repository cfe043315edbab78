#include "nsqd/queue/commit_mark.hpp"

namespace nsqd {

bool CommitMark::settle(Offset begin, Offset end) {
  if (begin != end_) {
    beyond_.emplace(begin, end);
    return false;
  }
  end_ = end;
  for (auto next = beyond_.begin(); next != beyond_.end() && next->first == end_;
       next = beyond_.erase(next)) {
    end_ = next->second;
  }
  return true;
}

}  // namespace nsqd
