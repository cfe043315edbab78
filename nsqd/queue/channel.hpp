#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include "common/base/clock.hpp"
#include "common/base/mutex.hpp"
#include "common/base/result.hpp"
#include "common/metrics/histogram.hpp"
#include "common/wire/message.hpp"
#include "nsqd/queue/backlog.hpp"
#include "nsqd/queue/consumer.hpp"
#include "nsqd/queue/cursor.hpp"
#include "nsqd/queue/deadline_index.hpp"
#include "nsqd/queue/in_flight.hpp"
#include "nsqd/queue/latency_sketch.hpp"
#include "nsqd/queue/log_link.hpp"
#include "nsqd/queue/waiting.hpp"
#include "nsqd/queue/waker.hpp"

namespace nsqd {

/// What the broker needs to know of the daemon's options.
struct QueueLimits {
  std::uint64_t mem_queue_size = 10'000;     ///< messages a topic or channel keeps in memory
  std::uint64_t mem_queue_bytes = 16 << 20;  ///< the same in bytes of their frames
  std::uint64_t max_memory = 512 << 20;      ///< bytes of messages that the process keeps in memory
  nsq::Nanoseconds max_msg_timeout = std::chrono::minutes(15);  ///< longest life of one delivery
  nsq::Nanoseconds max_req_timeout = std::chrono::hours(1);     ///< longest delay of a requeue
  std::size_t max_channel_consumers = 0;                        ///< 0: no limit
  /// The latencies from publish to FIN that channels measure; null: none.
  std::shared_ptr<const LatencyConfig> latencies = nullptr;
};

/// A channel's counts at one moment. Each message that the channel has is in exactly one of
/// `depth`, `in_flight_count` and `deferred_count`.
struct ChannelStats {
  std::string name;
  std::uint64_t depth = 0;
  std::uint64_t backend_depth = 0;  ///< the part of depth that is in the log only
  std::uint64_t in_flight_count = 0;
  std::uint64_t deferred_count = 0;
  std::uint64_t message_count = 0;
  std::uint64_t requeue_count = 0;
  std::uint64_t timeout_count = 0;
  std::uint64_t finish_count = 0;
  std::uint64_t sampled_out_count = 0;  ///< discarded for a consumer's sample rate
  // Messages delivered, by where their consumer is.
  std::uint64_t zone_local_msg_count = 0;
  std::uint64_t region_local_msg_count = 0;
  std::uint64_t global_msg_count = 0;  ///< elsewhere, or not known
  std::size_t client_count = 0;
  bool paused = false;
  /// When the oldest message in memory, waiting or in flight, was published; without one the first
  /// that is in the log only, if that is known (see Channel::peek).
  std::optional<nsq::WallTime> oldest;
  std::uint64_t memory_bytes = 0;  ///< of frames that wait, and of what is kept for those in flight
  std::optional<LatencyStats> latency;   ///< if they are measured
  std::vector<ConsumerStats> consumers;  ///< only when asked for
};

/// How much one pull may take.
struct PullLimits {
  std::uint32_t messages = 1024;
  std::uint32_t bytes = 256 * 1024;  ///< of frames; one message may be larger
};

/// What a pull left behind.
struct PullResult {
  std::uint32_t messages = 0;  ///< taken
  bool more =
      false;  ///< there is more for this consumer: pull again; else its waker will be called
  bool evicted = false;  ///< the channel was deleted under the consumer: its connection must close
};

/// An id among several that could not be answered.
struct AnswerFailure {
  nsq::wire::MessageId id;
  nsq::Errc why;  ///< not_in_flight or not_owner
};

/// What FINs are measured by. In the caller's histogram those that are given together all count as
/// the first of them: looking at each message's time costs more than all else that a FIN does.
struct FinishTiming {
  nsq::WallTime now{};
  nsq::metrics::LatencyHistogram* latencies = nullptr;  ///< the caller's; null: none
};

/// Where a channel stands in its topic.
struct ChannelPlace {
  ChannelId id = 1;
  Offset start = 0;  ///< as Cursor::start
  /// Null for a channel that lives in memory only.
  std::shared_ptr<LogLink> link = nullptr;
};

/// One channel of a topic: hands messages to consumers and remembers what is in flight.
///
/// It keeps messages in memory up to the limits; what comes beyond stays in the log (it is lagging)
/// and is read back, in batches, when consumers have room. Every message that it has is in exactly
/// one of: waiting (in memory or in the log), in flight, deferred (which the topic keeps, and only
/// counted here).
///
/// Consumers pull: a consumer with room that finds nothing stands in line (hungry), and who puts
/// messages in wakes as many of the line as there are messages. So delivery happens on the
/// consumer's own thread, in batches as large as what has gathered, and never faster than its
/// socket takes it.
///
/// Threads: a monitor, callable from any; lock order Topic, Channel, DeadlineIndex; never calls out
/// while locked, what is to be done outside is added to the caller's Effects. Owned by its Topic;
/// connections hold a shared_ptr. Time comes in as an argument and does not go back.
class Channel final : public Expirable, public std::enable_shared_from_this<Channel> {
 public:
  /// @param seed of the sampling's random numbers.
  Channel(std::string name, const QueueLimits& limits, DeadlineIndex& deadlines, std::uint64_t seed,
          ChannelPlace place = {});

  const std::string& name() const noexcept { return name_; }
  ChannelId id() const noexcept { return id_; }
  bool ephemeral() const noexcept { return ephemeral_; }

  // --- from the topic ---

  /// Takes in what was published. `clean_from`: from there on the log holds nothing that channels
  /// were given out of its order.
  void put(const Run& run, Offset clean_from, Effects& effects) NSQ_EXCLUDES(mutex_);
  /// The same for messages that are in the log only.
  void put_logged(const LogRange& range, Offset clean_from, Effects& effects) NSQ_EXCLUDES(mutex_);
  /// Whether these many more would have to stay in the log.
  bool would_lag(std::uint32_t count) const NSQ_EXCLUDES(mutex_);

  /// Messages were published that the channel gets later.
  void expect_deferred(std::uint64_t count) NSQ_EXCLUDES(mutex_);
  /// Such messages will not come after all.
  void forget_deferred(std::uint64_t count) NSQ_EXCLUDES(mutex_);
  /// Such a message, or one that take_to_defer gave away, has become due.
  void put_due(const Run& run, Effects& effects) NSQ_EXCLUDES(mutex_);

  /// The topic's log can be read further than before.
  void committed_more(Effects& effects) NSQ_EXCLUDES(mutex_);
  /// The log does not have these messages, although they were published: their commit failed. Those
  /// that are in memory stay there.
  void withdraw(Offset begin, Offset end) NSQ_EXCLUDES(mutex_);

  /// Whether all that keeps the log below this offset is in flight.
  bool only_in_flight_below(Offset before) const NSQ_EXCLUDES(mutex_);
  /// Gives each message in flight that lies below `before`, and is in a block of its own, to
  /// `place`, which puts it elsewhere in the log and sets Run::first accordingly. `place` is called
  /// locked.
  void move_in_flight(Offset before, const std::function<void(Run&)>& place) NSQ_EXCLUDES(mutex_);

  /// For a clean shutdown: adds what is in memory only, by offset; then takes it as waiting in the
  /// log at these places.
  void give_unlogged(std::map<Offset, Run>& into) const NSQ_EXCLUDES(mutex_);
  void move_unlogged(const std::map<Offset, Offset>& places) NSQ_EXCLUDES(mutex_);

  /// Messages at smaller offsets are not the channel's.
  Offset start() const NSQ_EXCLUDES(mutex_);
  /// The first message that it has yet to read from the log, or `end`.
  Offset backlog_floor(Offset end) const NSQ_EXCLUDES(mutex_);
  /// As Cursor::wants.
  bool wants(Offset born, bool own) const NSQ_EXCLUDES(mutex_);
  /// What is not acknowledged below `end`, up to where the topic has handed messages out.
  Cursor cursor(Offset end) const NSQ_EXCLUDES(mutex_);
  /// Goes on where a cursor says. REQUIRES: nothing was put in yet.
  void restore(const Cursor& cursor, bool paused) NSQ_EXCLUDES(mutex_);

  // --- from the log ---

  /// What a ReadRequest asked for.
  void refill(ReadResult result, Effects& effects) NSQ_EXCLUDES(mutex_);
  /// If memory has no message, and the log some, looks when the first of them was published, for
  /// stats() after the answer. One small read for each message that comes to be the first, however
  /// often it is called.
  void peek(Effects& effects) NSQ_EXCLUDES(mutex_);
  /// What the ReadRequest of that asked for.
  void peeked(const ReadResult& result) NSQ_EXCLUDES(mutex_);

  // --- consumers ---

  /// Enters a consumer, with RDY 0. Errc::too_many_consumers, or Errc::exiting when the channel was
  /// deleted meanwhile: look it up again.
  nsq::Result<void> add(const std::shared_ptr<Consumer>& consumer) NSQ_EXCLUDES(mutex_);

  /// The consumer's connection is gone. What it has in flight stays so until it times out.
  /// @return true when it was the last one of an ephemeral channel, which should now be deleted.
  bool remove(const std::shared_ptr<Consumer>& consumer, Effects& effects) NSQ_EXCLUDES(mutex_);

  /// Sets the ceiling of messages in flight. Ignored after close_consumer. Pull afterwards.
  void set_ready(Consumer& consumer, std::int64_t count) NSQ_EXCLUDES(mutex_);

  /// CLS: the consumer gets no more messages, but answers those that it has.
  void close_consumer(Consumer& consumer) NSQ_EXCLUDES(mutex_);

  /// Moves what waits to in flight for `consumer`, as far as its RDY and the limits allow, and
  /// appends it to `out` (attempts: before this delivery). Where others stand in line too it takes
  /// its share.
  PullResult pull(const std::shared_ptr<Consumer>& consumer, nsq::Now now, PullLimits limits,
                  std::vector<Run>& out, Effects& effects) NSQ_EXCLUDES(mutex_);

  /// The consumer was woken, or was told that there is more, but its socket takes nothing now:
  /// others in line are woken for what it leaves. It pulls by itself when it can.
  void decline(Consumer& consumer, Effects& effects) NSQ_EXCLUDES(mutex_);

  // --- answers: Errc::not_in_flight or Errc::not_owner; the message then is as it was ---

  /// FIN for each id; those that fail are appended to `failures` in order. Pull afterwards.
  void finish(Consumer& consumer, std::span<const nsq::wire::MessageId> ids,
              std::vector<AnswerFailure>& failures, const FinishTiming& timing = {})
      NSQ_EXCLUDES(mutex_);

  /// REQ without a delay: to the tail.
  nsq::Result<void> requeue(Consumer& consumer, const nsq::wire::MessageId& id, Effects& effects)
      NSQ_EXCLUDES(mutex_);

  /// REQ with a delay: the message leaves for the topic's deferred ones, and counts as such.
  nsq::Result<Run> take_to_defer(Consumer& consumer, const nsq::wire::MessageId& id)
      NSQ_EXCLUDES(mutex_);

  /// TOUCH: restarts the message's timer.
  nsq::Result<void> touch(Consumer& consumer, const nsq::wire::MessageId& id, nsq::Now now)
      NSQ_EXCLUDES(mutex_);

  // --- operators ---

  void pause(bool paused, Effects& effects) NSQ_EXCLUDES(mutex_);
  bool paused() const NSQ_EXCLUDES(mutex_);

  /// Drops everything: waiting, in flight, deferred. `start` and `emptied`: as in Cursor from now
  /// on.
  void empty(Offset start, Offset emptied, Effects& effects) NSQ_EXCLUDES(mutex_);

  /// Empties the channel for good and closes its consumers.
  void exit(Effects& effects) NSQ_EXCLUDES(mutex_);

  /// The same, unless the channel has consumers. @return whether it did.
  bool exit_if_unused(Effects& effects) NSQ_EXCLUDES(mutex_);

  ChannelStats stats(bool with_consumers) const NSQ_EXCLUDES(mutex_);

  /// Adds the latencies that the channel has measured; nothing if it measures none.
  void add_latencies(LatencySketch& to, nsq::WallTime now) const NSQ_EXCLUDES(mutex_);

  /// Puts back what timed out.
  void expire(nsq::Now now) override NSQ_EXCLUDES(mutex_);

 private:
  using ConsumerPtr = std::shared_ptr<Consumer>;
  using Line = boost::intrusive::list<
      Consumer, boost::intrusive::member_hook<Consumer, boost::intrusive::list_member_hook<>,
                                              &Consumer::line_hook_>>;

  /// The message's slot if `consumer` may answer it.
  nsq::Result<InFlight::Slot> find_owned(const Consumer& consumer,
                                         const nsq::wire::MessageId& id) const NSQ_REQUIRES(mutex_);
  /// Messages come from the topic, in the order of their offsets, with a `clean_from`; or back from
  /// a consumer.
  using From = std::optional<Offset>;
  static constexpr From kFromConsumer = std::nullopt;
  /// Lets messages in and wakes who waits for them.
  void enter(Run run, From from, Effects& effects) NSQ_REQUIRES(mutex_);
  /// How many of the run's messages memory takes; the others stay in the log.
  std::uint32_t room_in_memory(const Run& run, From from) const NSQ_REQUIRES(mutex_);
  void stay_in_log(const Run& run, From from) NSQ_REQUIRES(mutex_);
  /// Whether the memory limits are reached.
  bool memory_full() const NSQ_REQUIRES(mutex_);
  std::uint32_t read_window() const;
  /// Reads on in the log, if consumers will need it soon.
  void read_ahead(Effects& effects) NSQ_REQUIRES(mutex_);
  /// Up to where the front of the backlog can be read; nothing: not yet, committed_more will tell.
  std::optional<Offset> readable_end() const NSQ_REQUIRES(mutex_);
  void touch_cursor() noexcept;
  Run take_back(Consumer& consumer, InFlight::Slot slot) NSQ_REQUIRES(mutex_);
  /// How many more messages an ephemeral channel, which has no disk behind it, may take.
  std::uint64_t ephemeral_room() const NSQ_REQUIRES(mutex_);
  std::uint32_t share_of_one() const NSQ_REQUIRES(mutex_);
  std::uint32_t deliver(Consumer& consumer, nsq::MonoTime now, PullLimits limits,
                        std::vector<Run>& out) NSQ_REQUIRES(mutex_);
  bool sampled_out(const Consumer& consumer) NSQ_REQUIRES(mutex_);
  void set_turn(Consumer& consumer, Consumer::Turn turn) NSQ_REQUIRES(mutex_);
  void wake(Consumer& consumer, Effects& effects) NSQ_REQUIRES(mutex_);
  void wake_line(std::uint64_t messages, Effects& effects) NSQ_REQUIRES(mutex_);
  /// The same where some are nearer than others: each is woken for all it has room for.
  void wake_nearest(std::uint64_t messages, Effects& effects) NSQ_REQUIRES(mutex_);
  /// Takes the consumer out of the line; what it was woken for and did not fetch goes to others.
  void pass_on(Consumer& consumer, Effects& effects) NSQ_REQUIRES(mutex_);
  void time_out_due(nsq::MonoTime now, Effects& effects) NSQ_REQUIRES(mutex_);
  void exit_locked(Effects& effects) NSQ_REQUIRES(mutex_);
  void drop_all() NSQ_REQUIRES(mutex_);
  void arm_next() NSQ_REQUIRES(mutex_);

  const std::string name_;
  const ChannelId id_;
  const bool ephemeral_;
  const std::shared_ptr<LogLink> link_;  // null: memory only
  const QueueLimits limits_;
  DeadlineIndex& deadlines_;

  mutable nsq::Mutex mutex_;  // order: Topic, Channel, DeadlineIndex
  bool paused_ NSQ_GUARDED_BY(mutex_) = false;
  bool exiting_ NSQ_GUARDED_BY(mutex_) = false;
  Offset start_ NSQ_GUARDED_BY(mutex_);
  Offset emptied_ NSQ_GUARDED_BY(mutex_);
  Waiting waiting_ NSQ_GUARDED_BY(mutex_);
  Backlog backlog_ NSQ_GUARDED_BY(mutex_);          // waits too, behind `waiting_`
  bool reading_ NSQ_GUARDED_BY(mutex_) = false;     // a read of the backlog's front is under way
  std::uint64_t epoch_ NSQ_GUARDED_BY(mutex_) = 0;  // of reads: earlier ones are of no use
  /// The backlog's front when it was looked at, and what was found.
  struct Peek {
    Offset at = 0;
    std::optional<nsq::WallTime> published{};
  };
  std::optional<Peek> peek_ NSQ_GUARDED_BY(mutex_);
  InFlight in_flight_ NSQ_GUARDED_BY(mutex_);
  std::uint64_t deferred_ NSQ_GUARDED_BY(mutex_) = 0;  // kept by the topic
  boost::unordered_flat_map<std::uint64_t, ConsumerPtr> consumers_ NSQ_GUARDED_BY(mutex_);
  Line line_ NSQ_GUARDED_BY(mutex_);              // the hungry, longest waiting first
  std::size_t awake_ NSQ_GUARDED_BY(mutex_) = 0;  // consumers whose turn is `awake`
  std::uint64_t random_ NSQ_GUARDED_BY(mutex_);
  std::optional<nsq::MonoTime> armed_ NSQ_GUARDED_BY(mutex_);
  std::uint64_t message_count_ NSQ_GUARDED_BY(mutex_) = 0;
  std::uint64_t requeue_count_ NSQ_GUARDED_BY(mutex_) = 0;
  std::uint64_t timeout_count_ NSQ_GUARDED_BY(mutex_) = 0;
  std::array<std::uint64_t, 3> delivered_count_ NSQ_GUARDED_BY(mutex_){};  // by Locality
  std::size_t near_consumers_ NSQ_GUARDED_BY(mutex_) = 0;  // those that are not `elsewhere`
  std::uint64_t finish_count_ NSQ_GUARDED_BY(mutex_) = 0;
  std::uint64_t sampled_out_count_ NSQ_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<LatencyWindow> latencies_ NSQ_GUARDED_BY(mutex_);  // null: not measured
};

}  // namespace nsqd
