#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "nsqd/queue/journal.hpp"

namespace nsqd {

class Channel;
class Topic;

/// Asks for messages of a topic's log; answered by Channel::refill, or Channel::peeked.
struct ReadRequest {
  std::shared_ptr<Topic> topic;
  std::shared_ptr<Channel> channel;
  ChannelId channel_id = 0;
  Offset start = 0;         ///< messages born before are left out
  Offset begin = 0;         ///< the first offset to look at
  Offset end = 0;           ///< behind the last; all of it is settled
  std::uint32_t bytes = 0;  ///< of frames, about; at least one message
  std::uint64_t epoch = 0;  ///< goes back with the answer
  bool peek = false;        ///< only to look at: for Channel::peeked
};

struct ReadResult {
  std::vector<Run> runs;  ///< in the order of their offsets
  Offset next = 0;        ///< everything before was looked at
  std::uint64_t epoch = 0;
};

/// Asks for a topic's deferred messages from one due point to another; answered by
/// Topic::take_deferred.
struct DeferredRequest {
  std::shared_ptr<Topic> topic;
  DuePoint from;
  DuePoint to;  ///< not included
};

struct DeferredResult {
  std::vector<DeferredMessage> messages;  ///< in order
  DuePoint complete_to;          ///< everything before is among them; `to` unless cut short
  std::optional<DuePoint> next;  ///< the first message behind `to`; only when not cut short
};

/// The log as the broker sees it, besides the journals through which it writes. Any thread; never
/// called with a lock of the broker held, unless said otherwise.
class Log {
 public:
  virtual ~Log() = default;

  /// Starts a read. The answer comes on another thread, after a failure when the disk allows it.
  virtual void read(ReadRequest request) = 0;
  virtual void read_deferred(DeferredRequest request) = 0;

  /// Writes down that the topic exists, with its settings, channels and cursors.
  virtual void save(Topic& topic) = 0;

  /// Forgets the topic with all it has.
  virtual void remove(Topic& topic) = 0;

  /// Something was acknowledged or published: cursors should be written, and space be freed, soon.
  /// Called with locks held; must be cheap.
  virtual void touch() noexcept = 0;

  /// The journal for what happens at deadlines, on the thread that looks at them.
  virtual Journal& deadline_journal() = 0;
};

}  // namespace nsqd
