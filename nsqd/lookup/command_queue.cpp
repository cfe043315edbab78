#include "nsqd/lookup/command_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace nsqd {

void CommandQueue::connect(LookupCommands everything) {
  disconnect();
  connected_ = true;
  initial_ = everything.size();
  commands_.assign(std::make_move_iterator(everything.begin()),
                   std::make_move_iterator(everything.end()));
}

void CommandQueue::disconnect() {
  connected_ = false;
  lost_track_ = false;
  initial_ = 0;
  commands_.clear();
}

void CommandQueue::add(const LookupCommands& commands) {
  if (!connected_ || lost_track_) return;
  if (commands_.size() - initial_ + commands.size() > limit_) {
    lose_track();
    return;
  }
  commands_.insert(commands_.end(), commands.begin(), commands.end());
}

void CommandQueue::lose_track() {
  if (!connected_) return;
  lost_track_ = true;
  initial_ = 0;
  commands_.clear();
}

LookupCommands CommandQueue::take(std::size_t max) {
  const std::size_t count = std::min(max, commands_.size());
  const auto end = commands_.begin() + static_cast<std::ptrdiff_t>(count);
  LookupCommands taken(std::make_move_iterator(commands_.begin()), std::make_move_iterator(end));
  commands_.erase(commands_.begin(), end);
  initial_ -= std::min(initial_, count);
  return taken;
}

}  // namespace nsqd
