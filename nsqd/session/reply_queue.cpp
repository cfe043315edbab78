#include "nsqd/session/reply_queue.hpp"

#include <algorithm>
#include <utility>

#include "common/wire/protocol_error.hpp"

namespace nsqd {

using nsq::wire::FrameType;

namespace {

void append_oks(std::string& out, std::uint32_t count) {
  static constexpr std::string_view kOkFrame{"\0\0\0\6\0\0\0\0OK", 10};
  out.reserve(out.size() + count * kOkFrame.size());
  for (std::uint32_t i = 0; i < count; ++i) out.append(kOkFrame);
}

}  // namespace

void ReplyQueue::add_publish(nsq::wire::Command command, std::uint32_t count, Ticket ticket) {
  if (broken_) return;
  if (ticket == 0 && held_.empty()) {
    append_oks(ready_, count);
    return;
  }
  if (!held_.empty() && held_.back().count > 0 && held_.back().ticket == ticket &&
      held_.back().command == command) {
    held_.back().count += count;
    return;
  }
  held_.push_back({ticket, count, command, {}});
}

void ReplyQueue::add_frame(FrameType type, std::string_view data) {
  if (broken_) return;
  if (held_.empty()) {
    nsq::wire::append_frame(ready_, type, data);
    return;
  }
  Held held;
  nsq::wire::append_frame(held.frame, type, data);
  held_.push_back(std::move(held));
}

std::uint64_t ReplyQueue::committed(Ticket ticket) {
  return broken_ ? 0 : release(ticket);
}

void ReplyQueue::failed(Ticket ticket, std::string_view reason) {
  if (broken_) return;
  release(ticket - 1);
  const auto first = std::find_if(held_.begin(), held_.end(),
                                  [&](const Held& held) { return held.ticket == ticket; });
  if (first == held_.end()) return;
  const auto error = nsq::wire::command_failed(first->command, reason);
  held_.clear();
  nsq::wire::append_frame(ready_, FrameType::error, error.text());
  broken_ = true;
}

std::uint64_t ReplyQueue::release(Ticket ticket) {
  std::uint64_t published = 0;
  auto at = held_.begin();
  for (; at != held_.end() && at->ticket <= ticket; ++at) {
    if (at->count > 0) {
      append_oks(ready_, at->count);
      published += at->count;
    } else {
      ready_.append(at->frame);
    }
  }
  held_.erase(held_.begin(), at);
  if (held_.empty()) held_.shrink_to_fit();
  return published;
}

}  // namespace nsqd
