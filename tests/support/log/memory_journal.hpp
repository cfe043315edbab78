#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "nsqd/queue/topic.hpp"
#include "nsqd/storage/commit_queue.hpp"

namespace nsqd::test {

class MemoryLog;

/// What topics gave to a journal in one turn.
struct MemoryTurn {
  struct Messages {
    std::shared_ptr<Topic> topic;
    Run run;
    Audience audience;
  };
  struct Later {
    std::shared_ptr<Topic> topic;
    DeferredMessage message;
  };
  struct Drop {
    std::uint32_t topic;
    DuePoint at;
    std::shared_ptr<Topic> told = nullptr;  ///< of a discarded one
  };

  Ticket ticket = 0;
  std::vector<Messages> messages;
  std::vector<Later> deferred;
  std::vector<Drop> drops;

  bool empty() const noexcept { return messages.empty() && deferred.empty() && drops.empty(); }
};

/// One thread's way into a MemoryLog. commit() ends a turn; its commit ends at once, or, with
/// MemoryLog::hold_commits, when the test calls end_turn().
class MemoryJournal final : public CommitQueue {
 public:
  explicit MemoryJournal(MemoryLog& log) : log_(log) { open_.ticket = 1; }

  /// Turns whose commit was started and has not ended.
  std::size_t pending() const noexcept { return pending_.size(); }
  /// Whether nothing is on its way.
  bool quiet() const noexcept { return open_.empty() && pending_.empty() && waiting_.empty(); }
  /// The ticket of what is given now.
  Ticket open() const noexcept { return open_.ticket; }

  /// Ends the oldest pending turn's commit. Who waits is told by the next commit(). REQUIRES:
  /// pending() > 0.
  void end_turn(bool ok);
  /// Writes the open turn without telling the topics, which are not used any more.
  void write_last();
  /// Forgets all that is not committed and who waits for it.
  void crash();

  int appends = 0;             ///< calls of append()
  std::uint64_t messages = 0;  ///< given to append() and defer()

  nsq::Result<void> available() const override;
  Ticket append(Topic& topic, const Run& run, const Audience& audience) override;
  Ticket defer(Topic& topic, const DeferredMessage& message) override;
  void drop_deferred(Topic& topic, const DeferredMessage& message) override;
  void discard_deferred(Topic& topic, const DeferredMessage& message) override;
  void when_committed(Ticket ticket, Callback done) override;
  bool congested() const override { return false; }
  bool commit() override;

 private:
  struct Waiting {
    Ticket ticket;
    Callback done;
  };

  void settle(const MemoryTurn& turn, bool ok);
  void tell();

  MemoryLog& log_;
  MemoryTurn open_;
  std::deque<MemoryTurn> pending_;
  std::deque<Waiting> waiting_;
  std::map<Ticket, bool> failed_;
  Ticket done_ = 0;
};

}  // namespace nsqd::test
