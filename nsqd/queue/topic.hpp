#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
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
#include "nsqd/queue/commit_mark.hpp"
#include "nsqd/queue/deferred.hpp"
#include "nsqd/queue/durability.hpp"
#include "nsqd/queue/id_generator.hpp"
#include "nsqd/queue/journal.hpp"
#include "nsqd/queue/waiting.hpp"

namespace nsqd {

/// What became of something that a topic gave to a journal.
struct Settlement {
  enum class Kind : std::uint8_t { messages, deferred, discarded } kind = Kind::messages;
  bool ok = true;
  Offset begin = 0;  ///< of a deferred or discarded message: its number
  Offset end = 0;
  std::uint32_t count = 0;
};

/// A channel as it is written down, and read back.
struct ChannelImage {
  ChannelId id = 0;
  std::string name;
  bool paused = false;
  Cursor cursor;
};

/// The same of a topic. Ephemeral channels are not part of it.
struct TopicImage {
  std::uint32_t id = 0;
  std::string name;
  bool paused = false;
  Durability durability = Durability::disk;
  Offset next_offset = 0;
  Offset committed = 0;            ///< as CommitMark::end
  ChannelId last_channel = 0;      ///< the last number given to a channel
  std::uint64_t far_deferred = 0;  ///< deferred messages that are in the log
  std::uint64_t id_unit = 0;       ///< no message has an id of a later unit (IdGenerator)
  Cursor held;                     ///< what the topic itself keeps
  std::vector<LogRange> dropped;   ///< what was published or deferred for all here is not wanted
  std::vector<ChannelImage> channels;  ///< in order of creation
  /// What ephemeral channels, which are not part of this, have yet to read.
  Offset needed = std::numeric_limits<Offset>::max();

  /// Below lies nothing that anybody needs.
  Offset floor() const noexcept;
};

/// A topic's counts at one moment.
struct TopicStats {
  std::string name;
  Durability durability = Durability::disk;
  std::uint64_t depth = 0;  ///< messages that no channel has yet, deferred ones included
  std::uint64_t backend_depth = 0;
  std::uint64_t message_count = 0;
  std::uint64_t message_bytes = 0;  ///< of bodies
  bool paused = false;
  std::optional<nsq::WallTime> oldest;  ///< as ChannelStats::oldest, of what no channel has yet
  std::uint64_t memory_bytes = 0;       ///< of frames that no channel has yet
  std::optional<LatencyStats> latency;  ///< of all channels; nothing without one, or not measured
  std::vector<ChannelStats> channels;   ///< by name
};

/// A topic: accepts publishes, gives them offset, id and timestamp, copies the bodies once, and
/// hands the messages to each of its channels. Without channels, or paused, it keeps them.
///
/// Threads: a monitor, callable from any; lock order Broker, Topic, Channel, DeadlineIndex. Owned
/// by the Broker; connections hold a shared_ptr.
class Topic final : public Expirable, public std::enable_shared_from_this<Topic> {
 public:
  /// What a topic is made with. `id`: its number in the log, never used twice. `log` outlives the
  /// topic; null for a topic that lives in memory only.
  struct Setup {
    std::uint32_t id = 1;
    std::uint32_t node = 0;  ///< 0..1023, part of the message ids
    Durability durability = Durability::disk;
    Log* log = nullptr;
    bool awaits_channels = false;  ///< keeps what is published until channels_prepared()
  };
  Topic(nsq::wire::TopicName name, const QueueLimits& limits, DeadlineIndex& deadlines,
        Setup setup);
  /// Call once, when a shared_ptr owns the topic. With an image, goes on where that says.
  void start(const TopicImage* image, nsq::Now now) NSQ_EXCLUDES(mutex_);

  std::uint32_t id() const noexcept { return setup_.id; }
  const nsq::wire::TopicName& name() const noexcept { return name_; }
  bool ephemeral() const noexcept { return name_.ephemeral(); }

  /// Publishes the bodies (each 1 byte or more, with their frames less than 4 GiB in all), in order
  /// and side by side. They need to live only for the call. @return the ticket to wait for before
  /// the publisher is answered; Errc::exiting when the topic was deleted meanwhile: nothing was
  /// published, look the topic up again; Errc::storage_failed when the log takes nothing.
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
  nsq::Result<Found> get_or_create_channel(const nsq::wire::ChannelName& name, Effects& effects)
      NSQ_EXCLUDES(mutex_);

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

  void pause(bool paused, Effects& effects) NSQ_EXCLUDES(mutex_);
  bool paused() const NSQ_EXCLUDES(mutex_);

  /// The channels that are to get the topic's messages from the first one on exist now: what it
  /// kept for them goes out. Once; nothing happens when it did not wait for any.
  void channels_prepared(Effects& effects) NSQ_EXCLUDES(mutex_);
  bool awaits_channels() const NSQ_EXCLUDES(mutex_);

  Durability durability() const NSQ_EXCLUDES(mutex_);
  void set_durability(Durability durability) NSQ_EXCLUDES(mutex_);

  /// REQ: back to the channel's tail, or after `delay`, cut to max_req_timeout.
  nsq::Result<void> requeue(Channel& channel, Consumer& consumer, const nsq::wire::MessageId& id,
                            nsq::Nanoseconds delay, Journal& journal, nsq::Now now,
                            Effects& effects) NSQ_EXCLUDES(mutex_);

  /// Drops what waits in the topic itself; channels keep theirs.
  void empty() NSQ_EXCLUDES(mutex_);
  /// Drops all that the channel has.
  void empty_channel(Channel& channel, Effects& effects) NSQ_EXCLUDES(mutex_);

  /// Lets in what is due.
  void expire(nsq::Now now) override NSQ_EXCLUDES(mutex_);

  // --- from the log ---

  /// Commits have ended: what the topic gave to a journal, in the order in which it did.
  void settled(std::span<const Settlement> what, nsq::Now now, Effects& effects)
      NSQ_EXCLUDES(mutex_);

  /// What a DeferredRequest asked for.
  void take_deferred(DeferredResult result, nsq::Now now) NSQ_EXCLUDES(mutex_);

  /// All that must be written down, of one moment. Clears LogLink::dirty.
  TopicImage image() NSQ_EXCLUDES(mutex_);

  /// If only messages that are in flight for long keep much of the log from being deleted, puts
  /// them to its end.
  void move_stragglers(Journal& journal) NSQ_EXCLUDES(mutex_);

  /// For a clean shutdown: gives all that is in memory only to the journal. REQUIRES: nothing else
  /// happens to the topic any more, and all earlier commits have ended.
  void give_all(Journal& journal) NSQ_EXCLUDES(mutex_);

  /// Whether the log knows that the topic exists: nothing may be committed to it before.
  bool saved() const noexcept { return saved_.load(std::memory_order_acquire); }
  void set_saved() noexcept { saved_.store(true, std::memory_order_release); }

  /// Whether it was deleted: nothing of it may be written any more.
  bool removed() const noexcept { return removed_.load(std::memory_order_acquire); }

  /// Whether cursors should be written.
  void mark_dirty() noexcept {
    if (link_) link_->touch();
  }
  bool dirty() const noexcept { return link_ && link_->dirty.load(std::memory_order_acquire); }

  /// The same as exit() for a topic that has no channel. @return false: it has one.
  bool exit_if_unused() NSQ_EXCLUDES(mutex_);

  /// Refuses publishes from now on and deletes all channels. @return them.
  std::vector<std::shared_ptr<Channel>> exit(Effects& effects) NSQ_EXCLUDES(mutex_);

  /// @param channel  only this channel, unless empty.
  /// @param now      the end of the latencies' window.
  TopicStats stats(std::string_view channel, bool with_consumers, nsq::WallTime now = {}) const
      NSQ_EXCLUDES(mutex_);

 private:
  Run append(std::span<const std::string_view> bodies, std::uint32_t bytes, nsq::WallTime now)
      NSQ_REQUIRES(mutex_);
  Run stamp(BlockPtr block, std::uint32_t count, nsq::WallTime now) NSQ_REQUIRES(mutex_);
  void make_room(std::uint32_t bytes) NSQ_REQUIRES(mutex_);
  /// Whether these messages are written to the log.
  bool must_log(std::uint32_t count) const NSQ_REQUIRES(mutex_);
  void count_messages(std::uint64_t messages, std::uint64_t body_bytes) NSQ_REQUIRES(mutex_);
  /// Offsets that hold no message of the log.
  void settle_now(Offset begin, Offset end) NSQ_REQUIRES(mutex_);
  void withdraw(Offset begin, Offset end) NSQ_REQUIRES(mutex_);

  bool holding() const NSQ_REQUIRES(mutex_) {
    return paused_ || awaits_channels_ || channels_.empty();
  }
  void distribute(Run run, Effects& effects) NSQ_REQUIRES(mutex_);
  /// @param in_order  whether all that is held was published before.
  void hold(Run run, bool in_order) NSQ_REQUIRES(mutex_);
  std::uint32_t room_to_hold(std::uint32_t count) const NSQ_REQUIRES(mutex_);
  /// Call before a change after which the topic holds what is published.
  void begin_holding() NSQ_REQUIRES(mutex_);
  void release_held(Effects& effects) NSQ_REQUIRES(mutex_);
  void drop_held() NSQ_REQUIRES(mutex_);

  Ticket defer(DeferredMessage message, Journal& journal, nsq::Now now, Effects& effects)
      NSQ_REQUIRES(mutex_);
  bool writes_deferred(DuePoint at, std::int64_t now) const NSQ_REQUIRES(mutex_);
  void let_in_due(nsq::Now now, Effects& effects) NSQ_REQUIRES(mutex_);
  void let_in(std::vector<DeferredMessage>& group, Effects& effects) NSQ_REQUIRES(mutex_);
  void move_to_log(std::vector<DeferredMessage> group) NSQ_REQUIRES(mutex_);
  void move_settled(Offset first, bool ok, nsq::Now now, Effects& effects) NSQ_REQUIRES(mutex_);
  void discard(DeferredMessage message) NSQ_REQUIRES(mutex_);
  void discard_settled(Offset number, bool ok, nsq::Now now) NSQ_REQUIRES(mutex_);
  void hand_out_due(const DeferredMessage& like, const Run& run, Effects& effects)
      NSQ_REQUIRES(mutex_);
  void forget_deferred(const DeferredMessage& message) NSQ_REQUIRES(mutex_);
  /// How many channels get the message now that it is due, or that the topic holds it.
  std::size_t takers(const DeferredMessage& message) const NSQ_REQUIRES(mutex_);
  void look_after_deferred(nsq::Now now, Effects& effects) NSQ_REQUIRES(mutex_);

  /// The latencies of all the channels together, and those of each by its name.
  LatencyStats measure_channels(std::span<const std::shared_ptr<Channel>> channels,
                                nsq::WallTime now,
                                std::map<std::string_view, LatencyStats>& each) const;
  std::shared_ptr<Channel> make_channel(std::string name, ChannelPlace place) NSQ_REQUIRES(mutex_);
  void exit_locked() NSQ_REQUIRES(mutex_);
  void restore(const TopicImage& image) NSQ_REQUIRES(mutex_);
  void erase_channel(const std::shared_ptr<Channel>& channel) NSQ_REQUIRES(mutex_);
  Cursor held_cursor() const NSQ_REQUIRES(mutex_);
  void move_in_flight(Channel& channel, Offset before, Journal& journal) NSQ_REQUIRES(mutex_);
  void add_homes(TopicImage& image) NSQ_REQUIRES(mutex_);

  const nsq::wire::TopicName name_;
  const QueueLimits limits_;
  DeadlineIndex& deadlines_;
  const Setup setup_;
  std::atomic<bool> saved_{false};
  std::atomic<bool> removed_{false};
  std::shared_ptr<LogLink> link_;  // null without a log; constant after start()

  mutable nsq::Mutex mutex_;  // order: Broker, Topic, Channel, DeadlineIndex
  bool paused_ NSQ_GUARDED_BY(mutex_) = false;
  bool awaits_channels_ NSQ_GUARDED_BY(mutex_);
  bool exiting_ NSQ_GUARDED_BY(mutex_) = false;
  Durability durability_ NSQ_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Channel>> channels_ NSQ_GUARDED_BY(mutex_);  // in order of creation
  ChannelId last_channel_ NSQ_GUARDED_BY(mutex_) = 0;

  // What no channel has yet, for want of one, or paused: first held_, then held_backlog_.
  Waiting held_ NSQ_GUARDED_BY(mutex_);
  Backlog held_backlog_ NSQ_GUARDED_BY(mutex_);
  std::uint64_t held_deferred_ NSQ_GUARDED_BY(mutex_) = 0;
  Offset distributed_ NSQ_GUARDED_BY(mutex_) = 0;  // while holding: where that began
  // From here on, what is in the log was given to all channels in its order, or is held.
  Offset clean_from_ NSQ_GUARDED_BY(mutex_) = 0;

  Deferred deferred_ NSQ_GUARDED_BY(mutex_);
  /// Due messages on their way to a new place in the log.
  struct Moving {
    std::vector<DeferredMessage> group;  // alike
    Run run;
  };
  std::map<Offset, Moving> moving_ NSQ_GUARDED_BY(mutex_);  // by the run's first offset
  /// Due messages that nobody wants, until the log has forgotten them, by number.
  std::map<Offset, DeferredMessage> discarding_ NSQ_GUARDED_BY(mutex_);
  std::vector<LogRange> dropped_ NSQ_GUARDED_BY(mutex_);  // deferred for all, and emptied away
  std::optional<nsq::MonoTime> armed_ NSQ_GUARDED_BY(mutex_);
  nsq::MonoTime last_due_ NSQ_GUARDED_BY(mutex_){};  // when due messages were last let in

  IdGenerator ids_ NSQ_GUARDED_BY(mutex_);
  Offset next_offset_ NSQ_GUARDED_BY(mutex_) = 0;
  CommitMark mark_ NSQ_GUARDED_BY(mutex_);
  BlockPtr tail_ NSQ_GUARDED_BY(mutex_);                 // where small publishes are appended
  std::uint32_t tail_bytes_ NSQ_GUARDED_BY(mutex_) = 0;  // capacity of the next tail
  std::uint64_t message_count_ NSQ_GUARDED_BY(mutex_) = 0;
  std::uint64_t message_bytes_ NSQ_GUARDED_BY(mutex_) = 0;
};

}  // namespace nsqd
