#include "tests/support/log/memory_journal.hpp"

#include <utility>

#include "common/base/assert.hpp"
#include "tests/support/log/memory_log.hpp"

namespace nsqd::test {

using nsq::Errc;

nsq::Result<void> MemoryJournal::available() const {
  if (log_.full) return nsq::fail(Errc::storage_failed, "disk full");
  return {};
}

Ticket MemoryJournal::append(Topic& topic, const Run& run, const Audience& audience) {
  ++appends;
  messages += run.count;
  open_.messages.push_back({topic.shared_from_this(), run, audience});
  return open_.ticket;
}

Ticket MemoryJournal::defer(Topic& topic, const DeferredMessage& message) {
  ++messages;
  open_.deferred.push_back({topic.shared_from_this(), message});
  return open_.ticket;
}

void MemoryJournal::drop_deferred(Topic& topic, const DeferredMessage& message) {
  open_.drops.push_back({topic.id(), message.at});
}

void MemoryJournal::discard_deferred(Topic& topic, const DeferredMessage& message) {
  open_.drops.push_back({topic.id(), message.at, topic.shared_from_this()});
}

void MemoryJournal::when_committed(Ticket ticket, Callback done) {
  waiting_.push_back({ticket, std::move(done)});
}

bool MemoryJournal::commit() {
  if (!open_.empty()) {
    MemoryTurn next;
    next.ticket = open_.ticket + 1;
    pending_.push_back(std::exchange(open_, std::move(next)));
  }
  while (!log_.hold_commits && !pending_.empty()) end_turn(!log_.fail_commits && !log_.full);
  tell();
  return !open_.empty() || (!waiting_.empty() && waiting_.front().ticket <= done_);
}

void MemoryJournal::end_turn(bool ok) {
  NSQ_ASSERT(!pending_.empty());
  const MemoryTurn turn = std::move(pending_.front());
  pending_.pop_front();
  done_ = turn.ticket;
  if (ok) {
    log_.write(turn);
  } else {
    failed_.emplace(turn.ticket, true);
  }
  settle(turn, ok);
}

void MemoryJournal::settle(const MemoryTurn& turn, bool ok) {
  Effects effects;
  for (const auto& [topic, run, audience] : turn.messages) {
    const Settlement one{Settlement::Kind::messages, ok, run.first, run.first + run.count,
                         run.count};
    topic->settled({&one, 1}, log_.now_, effects);
  }
  for (const auto& [topic, message] : turn.deferred) {
    const Settlement one{Settlement::Kind::deferred, ok, message.at.number, 0, 1};
    topic->settled({&one, 1}, log_.now_, effects);
  }
  for (const auto& [topic, at, told] : turn.drops) {
    if (!told) continue;
    const Settlement one{Settlement::Kind::discarded, ok, at.number, 0, 1};
    told->settled({&one, 1}, log_.now_, effects);
  }
  effects.run();
}

void MemoryJournal::tell() {
  auto ready = std::exchange(waiting_, {});
  while (!ready.empty() && ready.front().ticket <= done_) {
    auto [ticket, done] = std::move(ready.front());
    ready.pop_front();
    if (failed_.contains(ticket)) {
      done(nsq::fail(Errc::storage_failed, "disk full"));
    } else {
      done({});
    }
  }
  for (auto& each : waiting_) ready.push_back(std::move(each));
  waiting_ = std::move(ready);
}

void MemoryJournal::write_last() {
  log_.write(open_);
  crash();
}

void MemoryJournal::crash() {
  waiting_.clear();
  pending_.clear();
  open_ = {};
  open_.ticket = done_ + 1;
}

}  // namespace nsqd::test
