#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/mutex.hpp"
#include "common/base/result.hpp"
#include "common/wire/names.hpp"
#include "nsqd/queue/block.hpp"
#include "nsqd/queue/channel.hpp"
#include "nsqd/queue/deferred.hpp"
#include "nsqd/queue/id_generator.hpp"
#include "nsqd/queue/journal.hpp"
#include "nsqd/queue/waiting.hpp"

namespace nsqd {

/// A topic's counts at one moment.
struct TopicStats {
  std::string name;
  std::uint64_t depth = 0;  ///< messages that no channel has yet, deferred ones included
  std::uint64_t backend_depth = 0;
  std::uint64_t message_count = 0;
  std::uint64_t message_bytes = 0;  ///< of bodies
  bool paused = false;
  std::vector<ChannelStats> channels;  ///< by name
};

/// A topic: accepts publishes, gives them offset, id and timestamp, copies the bodies once, and
/// hands the messages to each of its channels. Without channels, or paused, it keeps them.
///
/// Threads: a monitor, callable from any; lock order Broker, Topic, Channel, DeadlineIndex. Owned
/// by the Broker; connections hold a shared_ptr.
class Topic {
 public:
  /// @param node 0..1023, part of the message ids.
  Topic(nsq::wire::TopicName name, const QueueLimits& limits, DeadlineIndex& deadlines,
        std::uint32_t node);

  const nsq::wire::TopicName& name() const noexcept { return name_; }
  bool ephemeral() const noexcept { return name_.ephemeral(); }

  /// Publishes the bodies (each 1 byte or more, with their frames less than 4 GiB in all), in order
  /// and side by side. They need to live only for the call. @return the ticket to wait for before
  /// the publisher is answered; Errc::exiting when the topic was deleted meanwhile: nothing was
  /// published, look the topic up again.
  nsq::Result<Ticket> publish(std::span<const std::string_view> bodies, Journal& journal,
                              nsq::Now now, Effects& effects) NSQ_EXCLUDES(mutex_);

  /// Publishes one message which channels get `delay` from now. As publish() otherwise.
  nsq::Result<Ticket> publish_deferred(std::string_view body, nsq::Nanoseconds delay,
                                       Journal& journal, nsq::Now now, Effects& effects)
      NSQ_EXCLUDES(mutex_);

  struct Found {
    std::shared_ptr<Channel> channel;
    bool created = false;
  };
  /// The channel of this name, created if need be; Errc::exiting when the topic was deleted. The
  /// first channel gets all that waits in the topic.
  nsq::Result<Found> get_or_create_channel(const nsq::wire::ChannelName& name, nsq::Now now,
                                           Effects& effects) NSQ_EXCLUDES(mutex_);

  /// The channel of this name, or null.
  std::shared_ptr<Channel> find_channel(std::string_view name) const NSQ_EXCLUDES(mutex_);

  /// Deletes a channel with all it has and closes its consumers.
  /// @return the deleted channel, or null when there is none of this name.
  std::shared_ptr<Channel> delete_channel(std::string_view name, Effects& effects)
      NSQ_EXCLUDES(mutex_);

  /// Deletes `channel` unless it has consumers, or was deleted already. @return whether it did.
  bool delete_if_unused(const std::shared_ptr<Channel>& channel, Effects& effects)
      NSQ_EXCLUDES(mutex_);

  std::vector<std::shared_ptr<Channel>> channels() const NSQ_EXCLUDES(mutex_);

  void pause(bool paused, nsq::Now now, Effects& effects) NSQ_EXCLUDES(mutex_);
  bool paused() const NSQ_EXCLUDES(mutex_);

  /// Drops what waits in the topic itself; channels keep theirs.
  void empty() NSQ_EXCLUDES(mutex_);

  /// The same as exit() for a topic that has no channel. @return false: it has one.
  bool exit_if_unused() NSQ_EXCLUDES(mutex_);

  /// Refuses publishes from now on and deletes all channels. @return them.
  std::vector<std::shared_ptr<Channel>> exit(Effects& effects) NSQ_EXCLUDES(mutex_);

  /// @param channel  only this channel, unless empty.
  TopicStats stats(std::string_view channel, bool with_consumers) const NSQ_EXCLUDES(mutex_);

 private:
  Run append(std::span<const std::string_view> bodies, std::uint32_t bytes, nsq::WallTime now)
      NSQ_REQUIRES(mutex_);
  Run stamp(BlockPtr block, std::uint32_t count, nsq::WallTime now) NSQ_REQUIRES(mutex_);
  void make_room(std::uint32_t bytes) NSQ_REQUIRES(mutex_);
  Ticket accept(const Run& run, std::uint64_t body_bytes, Journal& journal) NSQ_REQUIRES(mutex_);
  void distribute(Run run, Effects& effects) NSQ_REQUIRES(mutex_);
  void distribute_deferred(const Run& run, nsq::MonoTime due) NSQ_REQUIRES(mutex_);
  void release_held(nsq::MonoTime now, Effects& effects) NSQ_REQUIRES(mutex_);
  void drop_held() NSQ_REQUIRES(mutex_);
  bool holding() const NSQ_REQUIRES(mutex_) { return paused_ || channels_.empty(); }

  const nsq::wire::TopicName name_;
  const QueueLimits limits_;
  DeadlineIndex& deadlines_;

  mutable nsq::Mutex mutex_;  // order: Broker, Topic, Channel, DeadlineIndex
  bool paused_ NSQ_GUARDED_BY(mutex_) = false;
  bool exiting_ NSQ_GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<Channel>> channels_ NSQ_GUARDED_BY(mutex_);  // in order of creation
  Waiting held_ NSQ_GUARDED_BY(mutex_);  // for want of a channel, or paused
  Deferred held_deferred_ NSQ_GUARDED_BY(mutex_);
  IdGenerator ids_ NSQ_GUARDED_BY(mutex_);
  Offset next_offset_ NSQ_GUARDED_BY(mutex_) = 0;
  BlockPtr tail_ NSQ_GUARDED_BY(mutex_);                 // where small publishes are appended
  std::uint32_t tail_bytes_ NSQ_GUARDED_BY(mutex_) = 0;  // capacity of the next tail
  std::uint64_t message_count_ NSQ_GUARDED_BY(mutex_) = 0;
  std::uint64_t message_bytes_ NSQ_GUARDED_BY(mutex_) = 0;
};

}  // namespace nsqd
