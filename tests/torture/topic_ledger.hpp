#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/torture/link.hpp"
#include "tests/torture/plan.hpp"
#include "tests/torture/report.hpp"

namespace nsq::torture {

/// What tells a topic's messages apart: their numbers, from 0, which their bodies carry.
using Sequence = std::uint64_t;

/// Messages published with one command, side by side.
struct Batch {
  Sequence first = 0;
  std::size_t count = 0;
};

/// How the daemon's life ended.
enum class Ending {
  killed,   ///< what was not written yet is gone
  stopped,  ///< with exit status 0: all is written
};

/// The checker: what was published to a topic, what its channels delivered, and whether that is
/// what was promised. Contradictions are reported as they show; verify() finds what is missing.
/// A monitor, for any thread; only end_run() and verify() want the clients to be parked.
///
/// A channel's promises, by what the daemon was told:
/// - published: answered OK after the channel was there: delivered until it is finished.
/// - finished: never delivered again, unless the daemon was killed before the next clean stop.
/// - attempts: no number twice in one life of the daemon; above all that a clean stop had seen.
/// - deferred: never delivered before it is due. By REQ: unless killed soon after.
class TopicLedger {
 public:
  TopicLedger(TopicPlan plan, std::size_t number, std::uint64_t seed, Report& report);

  const TopicPlan& plan() const noexcept { return plan_; }

  // Publishing. `how` names the command, and is a literal.

  Batch begin(std::size_t count, std::chrono::milliseconds delay, const char* how);
  std::string body(Sequence sequence) const;
  /// The batch was answered OK.
  void acknowledged(const Batch& batch);

  // Consuming. Channels are named by their index in the plan.

  void created(std::size_t channel);
  bool is_created(std::size_t channel) const;
  /// Whether the channel has been paused since before this run's first client came.
  void set_paused_all_run(std::size_t channel, bool paused);

  /// A message came. @return its number, or nothing if it is none of ours (which is reported).
  std::optional<Sequence> delivered(std::size_t channel, const test::Message& message,
                                    Nanos received_at);
  /// FIN was sent in reply to that attempt; it may or may not be taken.
  void finish_sent(std::size_t channel, Sequence sequence);
  /// That FIN was taken.
  void finished(std::size_t channel, Sequence sequence, std::uint16_t attempts);
  /// That FIN was refused, so it says nothing.
  void finish_refused(std::size_t channel, Sequence sequence);
  /// REQ with a delay was sent, so that the message must not come before `due`.
  void requeue_sent(std::size_t channel, Sequence sequence, std::uint16_t attempts, Nanos due);
  /// That REQ was taken.
  void requeued(std::size_t channel, Sequence sequence);
  /// That REQ was refused, or it is unknown whether it was taken.
  void requeue_void(std::size_t channel, Sequence sequence);

  // The run.

  void begin_run(int run);
  void end_run(Ending ending);
  /// With the queues drained: all that was promised must be finished. `empty` once the daemon
  /// has stopped cleanly since: then nothing of it may ever come again, and it is forgotten.
  void verify();
  void forget();

  /// Roughly how many messages some channel has still to finish.
  std::uint64_t outstanding() const;

 private:
  struct Record {
    Nanos sent_at = 0;
    Nanos answered_at = 0;  // 0: not answered OK
    Nanos timestamp = 0;    // 0: not delivered yet
    std::uint64_t id = 0;
    Nanos delay = 0;
    int run = 0;
    const char* how = "";
  };

  // One message in one channel.
  struct Claim {
    std::uint16_t run = 0;              // of the last delivery
    std::uint16_t base = 0;             // the first attempts of that run
    std::uint32_t seen = 0;             // the attempts of that run, as bits from `base`
    std::uint16_t attempts = 0;         // the highest of that run
    std::uint16_t sealed_attempts = 0;  // the highest that a clean stop had seen
    std::uint16_t fins_sent = 0;        // and not refused
    std::uint16_t finished_run = 0;     // of the last FIN that was taken
    std::uint16_t finished_attempts = 0;
    std::uint16_t deliveries = 0;
    bool sealed = false;  // finished when a clean stop came
  };

  // A message that was put back with a delay.
  struct Requeue {
    std::uint16_t attempts = 0;
    std::uint16_t run = 0;
    Nanos due = 0;
    Nanos taken_at = 0;      // 0: not known to be taken
    Nanos delivered_at = 0;  // 0: not yet
  };

  struct Channel {
    Nanos created_at = 0;  // 0: not yet
    bool paused_all_run = false;
    std::uint64_t done = 0;     // how many need not come any more, roughly
    std::vector<Claim> claims;  // by sequence - first_
    std::unordered_map<Sequence, Requeue> requeues;
  };

  std::string name(std::size_t channel, Sequence sequence) const;
  std::optional<Sequence> recognise(std::size_t channel, const test::Message& message);
  void check_record(std::size_t channel, Sequence sequence, const test::Message& message,
                    Nanos received_at);
  void check_claim(std::size_t channel, Sequence sequence, std::uint16_t attempts);
  void check_requeue(std::size_t channel, Sequence sequence, std::uint16_t attempts,
                     Nanos received_at);
  void check_ids();
  void report_early(std::size_t channel, Sequence sequence, Nanos due, Nanos received_at,
                    const char* by);
  Record& record(Sequence sequence) { return records_[sequence - first_]; }
  const Record& record(Sequence sequence) const { return records_[sequence - first_]; }
  Claim& claim(std::size_t channel, Sequence sequence) {
    return channels_[channel].claims[sequence - first_];
  }
  bool forgotten(Sequence sequence) const noexcept { return sequence < first_; }

  const TopicPlan plan_;
  const std::size_t number_;
  const std::uint64_t seed_;
  Report& report_;

  mutable std::mutex mu_;  // guards what follows
  int run_ = 0;
  Sequence first_ = 0;  // the oldest that is not forgotten
  std::vector<Record> records_;
  std::vector<Channel> channels_;
};

}  // namespace nsq::torture
