#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "tests/torture/clients.hpp"
#include "tests/torture/link.hpp"
#include "tests/torture/random.hpp"

namespace nsq::torture {

/// A consumer of one channel that finishes most messages, and does everything else that a consumer
/// may do: requeue, touch, hold, let time out, stay away, and go without a word.
///
/// FIN and REQ have no answer. So after some of them it publishes a marker, to a topic that keeps
/// nothing: its OK says that all before it were taken, except those that got an error before.
class Consumer {
 public:
  Consumer(World& world, std::size_t topic, std::size_t channel, std::uint64_t stream);

  /// The thread's work: until the stage is over.
  void run();

 private:
  enum class Action { finish, requeue };

  // A command whose effect is not known yet.
  struct Pending {
    Action action = Action::finish;
    Sequence sequence = 0;
    std::string id;
    std::uint16_t attempts = 0;
    bool settled = false;  // refused, or of no interest any more
  };

  // A message that is kept in flight until `until`.
  struct Held {
    Sequence sequence = 0;
    std::string id;
    std::uint16_t attempts = 0;
    Nanos until = 0;
    bool touch = false;  // at once and at the end
  };

  bool stays_away() const;
  void session();
  bool subscribe(Link& link);
  void serve_until_enough(Link& link);
  void leave(Link& link);
  void take_frames(Link& link);
  void take(const test::Frame& frame);
  void take_message(const test::Frame& frame, Nanos received_at);
  void take_error(const std::string& text);
  void decide(Sequence sequence, const test::Message& message);
  void hold(Sequence sequence, const test::Message& message, Nanos time, bool touch);
  void finish(Sequence sequence, const std::string& id, std::uint16_t attempts);
  void requeue(Sequence sequence, const test::Message& message, int milliseconds);
  void forget_requeues_of(Sequence sequence);
  void release_held();
  void add_marker();
  void marker_answered();
  void settle_unknown();
  void flush(Link& link);

  World& world_;
  TopicLedger& ledger_;
  const std::size_t topic_;
  const std::size_t channel_;
  const std::string who_;
  Random random_;

  // Of the present connection.
  std::string out_;  // commands to be sent
  std::deque<Pending> pending_;
  std::deque<std::size_t> markers_;  // how many of pending_ each marker on its way speaks for
  std::size_t unmarked_ = 0;         // of pending_, behind the last marker
  Nanos marked_at_ = 0;
  std::vector<Held> held_;
  bool silent_ = false;  // messages are only taken note of: no reply would be read
};

}  // namespace nsq::torture
