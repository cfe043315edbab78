#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "nsqd/queue/broker.hpp"
#include "nsqd/queue/log.hpp"
#include "tests/support/log/memory_journal.hpp"

namespace nsqd::test {

/// Messages side by side in the log, as one commit wrote them.
struct MemoryChunk {
  std::string frames;
  std::uint32_t count = 0;
  std::uint16_t attempts = 0;
  Audience audience;  ///< born: always set
};

/// A deferred message in the log.
struct MemoryDeferred {
  std::string frame;
  ChannelId channel = 0;
  std::uint16_t attempts = 0;
  Offset home = kNowhere;
};

/// What the log has of one topic.
struct MemoryTopic {
  TopicImage image;                             ///< as it was saved last
  std::map<Offset, MemoryChunk> chunks;         ///< by their first offset
  std::map<DuePoint, MemoryDeferred> deferred;  ///< what is not due yet
};

/// The topic's image as it is after a crash: what recovery makes of the last saved image and of
/// what was committed since.
TopicImage recovered(const MemoryTopic& topic);

/// A log in memory, for tests of the broker. By default it does at once what it is asked for, as if
/// the disk took no time; the knobs hold things back or make them fail. Single-threaded: answers
/// come from within read() or answer_read(), never with a lock of the broker held.
class MemoryLog final : public Log {
 public:
  /// @param now  the test's clock.
  explicit MemoryLog(const nsq::Now& now);
  ~MemoryLog() override;

  // --- knobs ---

  bool hold_commits = false;                  ///< turns end by MemoryJournal::end_turn only
  bool hold_reads = false;                    ///< reads are answered by answer_read() only
  bool fail_commits = false;                  ///< what is not held back fails
  bool full = false;                          ///< publishes are to be refused, and saving fails
  std::uint32_t max_read_bytes = UINT32_MAX;  ///< a read brings no more, but one message
  std::size_t max_deferred = SIZE_MAX;        ///< the same for deferred messages

  // --- what a daemon does ---

  std::unique_ptr<MemoryJournal> make_journal();
  /// Ends the turn of the deadline journal.
  void commit_deadlines();
  MemoryJournal& deadlines() noexcept { return *deadline_journal_; }
  const MemoryJournal& deadlines() const noexcept { return *deadline_journal_; }

  std::size_t pending_reads() const noexcept { return reads_.size(); }
  /// Answers one of the pending reads. REQUIRES: which < pending_reads().
  void answer_read(std::size_t which = 0);

  /// Saves all topics that changed.
  void save_dirty(Broker& broker);
  /// Writes all down as a clean shutdown does; the broker is of no use any more.
  void stop_cleanly(Broker& broker);
  /// What was committed stays; reads, and turns that were not, are gone. The broker and its
  /// journals must not be used any more, but exist.
  void crash();
  /// Brings a new broker to where the log is.
  void restore(Broker& broker);

  // --- for a look ---

  /// What the log has of the topic, or null.
  const MemoryTopic* find(std::string_view topic) const;
  int saves = 0;
  int touches = 0;

  // Log
  void read(ReadRequest request) override;
  void read_deferred(DeferredRequest request) override;
  void save(Topic& topic) override;
  void remove(Topic& topic) override;
  void touch() noexcept override { ++touches; }
  Journal& deadline_journal() override { return *deadline_journal_; }

 private:
  friend class MemoryJournal;

  struct Pending {
    std::optional<ReadRequest> messages;
    std::optional<DeferredRequest> deferred;
  };

  void add(Pending pending);
  void write(const MemoryTurn& turn);
  void write_messages(const MemoryTurn& turn);
  ReadResult answer_to(const ReadRequest& request) const;
  DeferredResult answer_to(const DeferredRequest& request) const;

  const nsq::Now& now_;
  std::unique_ptr<MemoryJournal> deadline_journal_;
  std::map<std::uint32_t, MemoryTopic> topics_;
  std::deque<Pending> reads_;
  bool answering_ = false;
  bool clean_ = false;
};

}  // namespace nsqd::test
