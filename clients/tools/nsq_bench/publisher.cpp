#include "clients/tools/nsq_bench/publisher.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cmath>

namespace nsq::bench {
namespace {

// How soon a publisher that waits for the consumers to catch up looks again.
constexpr std::int64_t kAllowancePoll = 200'000;

}  // namespace

Publisher::Publisher(Loop& loop, Health& health, Connection connection, const Command& command,
                     std::size_t depth, ScanReplies scan, PublisherPlan plan)
    : link_(loop, std::move(connection)),
      health_(health),
      scan_(scan),
      plan_(std::move(plan)),
      ring_(command, depth),
      times_(depth),
      random_(static_cast<std::uint32_t>(plan_.identity >> 20) | 1) {}

void Publisher::start(std::int64_t now) {
  start_ = now;
  if (plan_.run_for.count() > 0) stop_at_ = now + plan_.run_for.count();
  pump(now);
}

void Publisher::on_events(std::uint32_t events, std::int64_t now) {
  if (broken_) return;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(now);
  if (!broken_) pump(now);
}

std::int64_t Publisher::on_turn(std::int64_t now) {
  if (broken_ || done()) return kNever;
  pump(now);
  if (exhausted(now) || issued_ - finished_ == ring_.slots()) return kNever;
  // Not held up by the depth: either the next command is not due, or the consumers are behind.
  if (plan_.interval_ns > 0 && due(issued_) > now) return due(issued_);
  return plan_.allowance ? now + kAllowancePoll : kNever;
}

std::int64_t Publisher::due(std::uint64_t command) const noexcept {
  return start_ + std::llround(plan_.offset_ns + static_cast<double>(command) * plan_.interval_ns);
}

bool Publisher::exhausted(std::int64_t now) const noexcept {
  if (issued_ >= plan_.commands) return true;
  // What was due before the end is sent, however late: leaving it out would flatter a stall.
  return (plan_.interval_ns > 0 ? due(issued_) : now) >= stop_at_;
}

void Publisher::pump(std::int64_t now) {
  std::uint64_t free = ring_.slots() - (issued_ - finished_);
  if (plan_.allowance && free > 0) {
    free = std::min(free, plan_.allowance() / ring_.messages_per_command());
  }
  const std::uint64_t before = issued_;
  for (; free > 0 && !exhausted(now); --free) {
    const std::int64_t time = plan_.interval_ns > 0 ? due(issued_) : now;
    if (time > now) break;
    issue(time);
  }
  if (issued_ != before) {
    sent_.store(issued_ * ring_.messages_per_command(), std::memory_order_relaxed);
  }
  flush();
  if (finished_ == issued_ && exhausted(now)) done_.store(true, std::memory_order_release);
}

void Publisher::issue(std::int64_t time) {
  const std::size_t slot = issued_ % ring_.slots();
  const std::uint64_t identity = plan_.identity + issued_ * ring_.messages_per_command();
  times_[slot] = time;
  if (plan_.deferred) {
    const std::uint64_t span = plan_.delay_max_ms - plan_.delay_min_ms + 1;
    const std::uint64_t delay = plan_.delay_min_ms + random_() % span;
    ring_.set_delay(slot, delay);
    time = steady_nanos() + static_cast<std::int64_t>(delay) * 1'000'000;
  }
  ring_.fill(slot, identity, time);
  ++issued_;
}

void Publisher::flush() {
  if (auto ok = link_.flush(); !ok) return fail(ok.error().text());
  const std::uint64_t all = issued_ * ring_.command_bytes();
  const std::string_view block = ring_.bytes();
  while (written_ < all) {
    const std::size_t at = written_ % block.size();
    const std::size_t left = all - written_;
    const std::size_t first = std::min(left, block.size() - at);
    auto sent = link_.send(block.substr(at, first), block.substr(0, left - first));
    if (!sent) return fail(sent.error().text());
    if (*sent == 0) break;
    written_ += *sent;
  }
  link_.want_output(*this, written_ < all);
}

void Publisher::read(std::int64_t now) {
  auto got = link_.receive();
  if (!got) return fail(got.error().text());
  if (got->empty()) return;
  Replies replies;
  const ScanResult scanned = scan_(*got, replies);
  link_.keep(got->substr(scanned.consumed));
  if (replies.ok > issued_ - finished_) return fail("the server sent more answers than asked for");
  for (std::uint64_t i = 0; i < replies.ok; ++i) {
    const std::int64_t time = times_[finished_++ % ring_.slots()];
    answer_latency_.record(static_cast<std::uint64_t>(std::max<std::int64_t>(0, now - time)));
  }
  if (replies.ok > 0) {
    answered_.store(finished_ * ring_.messages_per_command(), std::memory_order_relaxed);
    last_answer_.store(now, std::memory_order_relaxed);
  }
  if (!replies.error.empty()) return fail("the server answered: " + replies.error);
  if (scanned.bad) return fail("the server's answer makes no sense");
  if (replies.heartbeats > 0) answer_heartbeat();
}

// Any command answers a heartbeat, so one only has to be made up when nothing is on its way.
void Publisher::answer_heartbeat() {
  if (written_ < issued_ * ring_.command_bytes()) return;
  auto sent = link_.send("NOP\n");
  if (!sent) fail(sent.error().text());
}

void Publisher::fail(const std::string& what) {
  if (broken_) return;
  broken_ = true;
  health_.fail("publisher: " + what);
}

}  // namespace nsq::bench
