#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace nsq::torture {

/// What the clients should be doing.
enum class Phase {
  down,      ///< the daemon is gone or about to go: give up the connections
  leaving,   ///< the daemon is about to stop: settle what is open, then leave
  working,   ///< make trouble
  draining,  ///< no publishing, finish everything
  over,      ///< the threads end
};

/// Where the daemon's lives (runs) and the clients meet. Between two runs every client is parked
/// here with nothing unread, so that what a client reports belongs to the run it is in.
class Stage {
 public:
  explicit Stage(int clients) : clients_(clients) {}

  // For the director.

  /// A new run: the daemon listens, the clients come.
  void open(Phase phase);
  /// Changes what is to be done in this run; down, leaving and over end it for the clients.
  void set(Phase phase);
  /// Returns when all clients are parked. @return false if one was not within the deadline.
  [[nodiscard]] bool await_parked();

  // For the clients.

  /// Parks until there is a daemon to work with. @return false when the thread should end.
  bool await_open();
  /// Waits, but not longer than the phase lasts.
  void rest(std::chrono::milliseconds time);
  Phase phase() const noexcept { return phase_.load(std::memory_order_acquire); }
  bool is_open() const noexcept { return phase() == Phase::working || phase() == Phase::draining; }
  /// Counts the daemon's lives, from 1.
  int run() const noexcept { return run_.load(std::memory_order_acquire); }

 private:
  const int clients_;
  std::mutex mu_;
  std::condition_variable changed_;
  int parked_ = 0;
  std::atomic<Phase> phase_{Phase::down};  // changed under mu_, read without
  std::atomic<int> run_{0};
};

}  // namespace nsq::torture
