#include "clients/tools/nsq_bench/supervise.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <thread>

#include <fmt/core.h>

#include "clients/tools/nsq_bench/report.hpp"

namespace nsq::bench {
namespace {

constexpr Milliseconds kLook{10};

std::atomic<bool> g_interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int) {
  g_interrupted.store(true, std::memory_order_relaxed);
}

/// The line that shows how a run goes.
class LiveLine {
 public:
  LiveLine(const Fleet& fleet, bool on) : fleet_(fleet), on_(on), shown_at_(fleet.started_at()) {}
  ~LiveLine() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  void update(std::int64_t now) {
    if (!on_ || now - shown_at_ < 1'000'000'000) return;
    const double seconds = static_cast<double>(now - shown_at_) * 1e-9;
    const std::uint64_t sent = fleet_.sent();
    const std::uint64_t received = fleet_.received();
    const auto rate = [seconds](std::uint64_t count) {
      return with_commas(static_cast<std::uint64_t>(static_cast<double>(count) / seconds));
    };
    fmt::print(stderr, "\r\033[K{:4} s   published {}/s   consumed {}/s   unanswered {}",
               (now - fleet_.started_at()) / 1'000'000'000, rate(sent - sent_),
               rate(received - received_), with_commas(sent - std::min(sent, fleet_.answered())));
    std::fflush(stderr);
    shown_ = true;
    shown_at_ = now;
    sent_ = sent;
    received_ = received;
  }

 private:
  const Fleet& fleet_;
  bool on_;
  bool shown_ = false;
  std::int64_t shown_at_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
};

}  // namespace

std::string_view to_string(Ending ending) {
  switch (ending) {
    case Ending::finished:
      return "finished";
    case Ending::idle:
      return "idle";
    case Ending::timed_out:
      return "timed out";
    case Ending::interrupted:
      return "interrupted";
    case Ending::failed:
      return "failed";
  }
  return "";
}

void catch_signals() {
  struct sigaction action{};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() noexcept {
  return g_interrupted.load(std::memory_order_relaxed);
}

bool sleep_for(Nanoseconds time) {
  const std::int64_t until = steady_nanos() + time.count();
  while (!interrupted()) {
    const std::int64_t left = until - steady_nanos();
    if (left <= 0) return true;
    std::this_thread::sleep_for(std::min(Nanoseconds(left), Nanoseconds(kLook)));
  }
  return false;
}

Ending supervise(Fleet& fleet, const Options& options, const std::function<bool()>& finished,
                 const std::function<std::int64_t()>& quiet_until) {
  fleet.start();
  LiveLine live(fleet, !options.json_only && isatty(STDERR_FILENO) == 1);
  std::uint64_t moved = 0;
  std::int64_t moved_at = fleet.started_at();
  Ending ending = Ending::finished;
  while (!finished()) {
    if (fleet.health().failed()) {
      ending = Ending::failed;
      break;
    }
    if (!sleep_for(kLook)) {
      ending = Ending::interrupted;
      break;
    }
    const std::int64_t now = steady_nanos();
    live.update(now);
    const std::uint64_t moves = fleet.sent() + fleet.answered() + fleet.received();
    if (moves != moved) {
      moved = moves;
      moved_at = now;
    }
    const std::int64_t still_since = std::max(moved_at, quiet_until ? quiet_until() : 0);
    if (now - still_since > options.idle.count()) {
      ending = Ending::idle;
      break;
    }
    if (now - fleet.started_at() > options.timeout.count()) {
      ending = Ending::timed_out;
      break;
    }
  }
  fleet.join();
  return ending;
}

}  // namespace nsq::bench
