#include <array>
#include <utility>

#include "tests/simulation/ground.hpp"
#include "tests/support/log/memory_log.hpp"

namespace nsqd::sim {
namespace {

class MemoryGround final : public Ground {
 public:
  MemoryGround(const nsq::Now& now, bool may_fail) : log_(now), may_fail_(may_fail) {
    log_.hold_commits = true;
    log_.hold_reads = true;
  }

  Log& log() override { return log_; }
  CommitQueue& journal(std::size_t which) override { return *journals_[which]; }

  void open(Broker& broker) override {
    for (auto& journal : journals_) journal = log_.make_journal();
    log_.restore(broker);
  }
  void stop(Broker& broker) override {
    settle();
    log_.stop_cleanly(broker);
  }
  void crash() override {
    for (auto& journal : journals_) journal->crash();
    log_.crash();
    log_.full = false;
  }

  void progress(const Below& below) override {
    auto& journal = *journals_[below(kJournals)];
    switch (below(16)) {
      case 0:
        log_.max_read_bytes = below(2) == 0 ? UINT32_MAX : static_cast<std::uint32_t>(below(4'000));
        log_.max_deferred = below(2) == 0 ? SIZE_MAX : 1 + below(4);
        break;
      case 1:
        if (may_fail_ && below(20) == 0) log_.full = !log_.full && below(2) == 0;
        break;
      case 2:
      case 3:
      case 4:
        static_cast<void>(log_.deadlines().commit());
        if (log_.deadlines().pending() > 0) log_.deadlines().end_turn(works(below));
        break;
      case 5:
      case 6:
      case 7:
        if (log_.pending_reads() > 0) log_.answer_read(below(log_.pending_reads()));
        break;
      default:
        if (journal.pending() > 0 && below(2) == 0) journal.end_turn(works(below));
        static_cast<void>(journal.commit());
    }
  }
  void settle() override {
    log_.full = false;
    while (!quiet()) {
      for (auto& journal : journals_) end(*journal);
      end(log_.deadlines());
      while (log_.pending_reads() > 0) log_.answer_read();
    }
  }
  bool quiet() const override {
    for (const auto& journal : journals_) {
      if (!journal->quiet()) return false;
    }
    return log_.deadlines().quiet() && log_.pending_reads() == 0;
  }

  bool full() const override { return log_.full; }
  void save(Broker& broker) override { log_.save_dirty(broker); }

  void when_turn_committed(std::size_t which, std::function<void()> done) override {
    auto& journal = *journals_[which];
    journal.when_committed(journal.open(),
                           [done = std::move(done)](const nsq::Result<void>& result) {
                             if (result) done();
                           });
  }

 private:
  bool works(const Below& below) const { return !log_.full && (!may_fail_ || below(40) != 0); }

  static void end(test::MemoryJournal& journal) {
    static_cast<void>(journal.commit());
    while (journal.pending() > 0) journal.end_turn(true);
    static_cast<void>(journal.commit());
  }

  test::MemoryLog log_;
  const bool may_fail_;
  std::array<std::unique_ptr<test::MemoryJournal>, kJournals> journals_;
};

}  // namespace

std::unique_ptr<Ground> make_memory_ground(const nsq::Now& now, bool may_fail) {
  return std::make_unique<MemoryGround>(now, may_fail);
}

}  // namespace nsqd::sim
