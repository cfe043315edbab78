#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire/command.hpp"
#include "common/wire/frame.hpp"
#include "nsqd/queue/journal.hpp"

namespace nsqd {

/// The replies of one connection in the order of its commands. A publish's OK is held back until
/// its commit, and so is everything behind it. Not thread-safe.
class ReplyQueue {
 public:
  /// `count` OKs for publishes that wait for `ticket` (0: for nothing). Tickets do not go back.
  void add_publish(nsq::wire::Command command, std::uint32_t count, Ticket ticket);

  /// A frame that waits for nothing itself.
  void add_frame(nsq::wire::FrameType type, std::string_view data);

  /// Releases what waits for tickets up to this one. @return how many publishes' OKs.
  std::uint64_t committed(Ticket ticket);

  /// The commit of `ticket` failed. The first publish that waits for it is answered with
  /// E_<COMMAND>_FAILED and `reason`; that is fatal, so nothing behind it is ever sent.
  void failed(Ticket ticket, std::string_view reason);

  /// Whether `failed` ended the replies.
  bool broken() const noexcept { return broken_; }

  /// Whether anything waits for a commit.
  bool waiting() const noexcept { return !held_.empty(); }

  /// Whether anything is waiting or ready.
  bool empty() const noexcept { return held_.empty() && ready_.empty(); }

  /// The encoded frames that may go out now; the caller takes them away.
  std::string& ready() noexcept { return ready_; }

 private:
  struct Held {
    Ticket ticket = 0;
    std::uint32_t count = 0;  // OKs; 0: `frame` instead
    nsq::wire::Command command = nsq::wire::Command::unknown;
    std::string frame;
  };

  std::uint64_t release(Ticket ticket);

  std::string ready_;
  std::vector<Held> held_;
  bool broken_ = false;
};

}  // namespace nsqd
