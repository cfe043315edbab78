#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/clock.hpp"
#include "nsqd/queue/block.hpp"

namespace nsqd::sim {

/// Where a message of a channel is.
enum class Place : std::uint8_t { waiting, in_flight, deferred };

/// A message of a channel that is not finished.
struct Held {
  Place place = Place::waiting;
  std::uint16_t attempts = 0;
  std::uint64_t owner = 0;    ///< in flight: the connection
  nsq::MonoTime delivered{};  ///< in flight
  nsq::MonoTime when{};       ///< in flight: the deadline; deferred: when it is due
};

/// What a channel should hold. Messages are named by their offset in the topic.
struct ModelChannel {
  std::unordered_map<Offset, Held> messages;
  std::uint64_t waiting = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t deferred = 0;
  std::uint64_t entered = 0;
  std::uint64_t requeued = 0;
  std::uint64_t timed_out = 0;
  bool paused = false;
  std::vector<Offset> delivered;  ///< some that were delivered lately; they may be gone since

  void enter(Offset offset);
  void enter_deferred(Offset offset, nsq::MonoTime due);
  void deliver(Offset offset, std::uint64_t owner, nsq::MonoTime now, nsq::Nanoseconds timeout);
  void finish(Offset offset);
  void requeue(Offset offset, nsq::Nanoseconds delay, nsq::MonoTime now);
  /// Lets time take its course. @return per connection how many of its messages timed out.
  std::map<std::uint64_t, std::int64_t> expire(nsq::MonoTime now);
  void empty();
  /// The message if it is in flight, else null.
  const Held* find_in_flight(Offset offset) const;

 private:
  std::uint64_t& count(Place place);
  void move(Held& held, Place to);
};

/// A message as it was published.
struct Published {
  std::int64_t timestamp = 0;
  std::uint64_t id = 0;  ///< 0 until it was seen
};

/// What a topic should hold.
struct ModelTopic {
  std::vector<Published> published;  ///< by offset
  std::vector<Offset> held;
  std::vector<std::pair<Offset, nsq::MonoTime>> held_deferred;
  std::map<std::string, ModelChannel> channels;
  bool paused = false;

  /// @param delay  zero: not deferred.
  void publish(std::int64_t timestamp, nsq::Nanoseconds delay, nsq::MonoTime now);
  /// What waits goes to the channels, if there are any and the topic is not paused.
  void release(nsq::MonoTime now);
};

}  // namespace nsqd::sim
