#include "tests/torture/stage.hpp"

namespace nsq::torture {

// Longer than any wait of a client's own, which then reports what it waited for.
constexpr std::chrono::seconds kParkingDeadline{60};

void Stage::open(Phase phase) {
  const std::scoped_lock lock(mu_);
  run_.fetch_add(1, std::memory_order_release);
  phase_.store(phase, std::memory_order_release);
  changed_.notify_all();
}

void Stage::set(Phase phase) {
  const std::scoped_lock lock(mu_);
  phase_.store(phase, std::memory_order_release);
  changed_.notify_all();
}

bool Stage::await_parked() {
  std::unique_lock lock(mu_);
  return changed_.wait_for(lock, kParkingDeadline, [&] { return parked_ == clients_; });
}

bool Stage::await_open() {
  std::unique_lock lock(mu_);
  ++parked_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return is_open() || phase() == Phase::over; });
  --parked_;
  return phase() != Phase::over;
}

void Stage::rest(std::chrono::milliseconds time) {
  std::unique_lock lock(mu_);
  const Phase before = phase();
  changed_.wait_for(lock, time, [&] { return phase() != before; });
}

}  // namespace nsq::torture
