#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/clock.hpp"

namespace nsqd::sim {

/// A message's number: how many were published to its topic before. It is part of the body, so that
/// what is delivered says which message it is, whatever the broker calls it.
using Serial = std::uint64_t;

/// Where a message of a channel is. `either`: waiting or deferred, as it is due but the log may be
/// late with it.
enum class Place : std::uint8_t { waiting, in_flight, deferred, either };
inline constexpr std::size_t kPlaces = 4;

/// A message of a channel that is not finished.
struct Held {
  Place place = Place::waiting;
  bool sure = true;            ///< false: it may be gone, as its commit failed or a crash came
  bool durable = true;         ///< survives a crash, once its publish is acknowledged
  std::uint16_t attempts = 0;  ///< deliveries so far
  std::uint16_t least_attempts = 0;  ///< the same after a crash: at least
  std::uint16_t saved_attempts = 0;  ///< as the log knows
  std::uint64_t owner = 0;           ///< in flight: the connection
  nsq::MonoTime delivered{};         ///< in flight
  nsq::MonoTime when{};              ///< in flight: the deadline; else when it is or was due
  std::uint64_t deferral = 0;        ///< the REQ that deferred it; 0: none, or the log has it
};

/// A message as it was published.
struct Published {
  enum class Fate : std::uint8_t { pending, acknowledged, failed } fate = Fate::pending;
  std::int64_t timestamp = 0;
  std::uint64_t id = 0;  ///< 0 until it was seen
};

/// What a channel should hold.
class ModelChannel {
 public:
  const std::unordered_map<Serial, Held>& messages() const noexcept { return messages_; }
  /// How many are in that place, for sure or perhaps.
  std::uint64_t count(Place place, bool sure) const noexcept {
    return counts_[static_cast<std::size_t>(place)][sure ? 1 : 0];
  }
  std::uint64_t in_flight() const noexcept { return count(Place::in_flight, true); }
  std::uint64_t at_least_waiting() const noexcept { return count(Place::waiting, true); }
  /// How many may wait now.
  std::uint64_t at_most_waiting() const noexcept;
  /// Not in flight: how many at least, and how many more perhaps.
  std::uint64_t rest() const noexcept;
  std::uint64_t doubtful() const noexcept;

  void enter(Serial serial, const Held& held);
  void deliver(Serial serial, std::uint16_t attempts, std::uint64_t owner, nsq::MonoTime now,
               nsq::Nanoseconds timeout);
  void finish(Serial serial);
  /// @return the number of the deferral, 0 without a delay.
  std::uint64_t requeue(Serial serial, nsq::Nanoseconds delay, nsq::MonoTime now);
  void touch(Serial serial, nsq::MonoTime deadline) { messages_.at(serial).when = deadline; }
  /// The log has the deferral now: a crash does not undo it.
  void deferral_kept(Serial serial, std::uint64_t deferral);
  /// The message's commit failed.
  void doubt(Serial serial);
  /// The log does not keep it any more, or not yet.
  void set_volatile(Serial serial) { messages_.at(serial).durable = false; }
  /// What is doubtful turned out not to be there.
  void drop_doubtful();
  /// Lets time take its course. @return per connection how many of its messages timed out.
  std::map<std::uint64_t, std::int64_t> expire(nsq::MonoTime now);
  /// The log is not late with anything.
  void nothing_is_late(nsq::MonoTime now);
  void empty();
  /// The log was told of everything so far.
  void saved();
  /// What a crash leaves; or, after a stop in good order, all.
  void restart(bool crash, const std::vector<Published>& published);

  /// The message if it is in flight, else null.
  const Held* find_in_flight(Serial serial) const;

  std::uint64_t entered = 0;
  std::uint64_t requeued = 0;
  std::uint64_t timed_out = 0;
  bool paused = false;
  std::vector<Serial> delivered;  ///< some that were delivered lately; they may be gone since

 private:
  std::uint64_t& counter(const Held& held) {
    return counts_[static_cast<std::size_t>(held.place)][held.sure ? 1 : 0];
  }
  template <class Change>
  void change(Held& held, Change&& how);

  std::unordered_map<Serial, Held> messages_;
  std::unordered_map<Serial, Held> ghosts_;  // finished, but a crash may bring them back
  std::array<std::array<std::uint64_t, 2>, kPlaces> counts_{};
  std::uint64_t last_deferral_ = 0;
};

/// What a topic should hold.
struct ModelTopic {
  std::vector<Published> published;  ///< by serial
  std::map<Serial, Held> held;       ///< waiting or deferred
  std::map<std::string, ModelChannel> channels;
  bool paused = false;
  bool counts_known = true;  ///< whether the channels' totals follow from what was done

  /// @param delay  zero: not deferred.
  void publish(Published how, bool durable, nsq::Nanoseconds delay, nsq::MonoTime now);
  /// A publish failed after all.
  void doubt(Serial serial);
  /// What waits goes to the channels, if there are any and the topic is not paused.
  void release();
  /// Lets time take its course for what it holds.
  void expire(nsq::MonoTime now);
  std::uint64_t held_for_sure() const;
  void drop_doubtful_held();
  void restart(bool crash);
};

}  // namespace nsqd::sim
