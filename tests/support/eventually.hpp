#pragma once

#include <chrono>
#include <thread>
#include <utility>

namespace nsq::test {

/// How long a test waits for anything before it fails. Only failing tests ever wait so long, so
/// there is room for sanitizers on a busy machine.
inline constexpr std::chrono::seconds kDeadline{20};

/// Calls `get` until it returns `wanted` or the deadline has passed; returns what it returned last,
/// so that the failed check shows it: `CHECK(await_value(3, [&] { return depth(); }) == 3)`.
template <class T, class Get>
T await_value(const T& wanted, Get get) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  for (;;) {
    T value = get();
    if (value == wanted || std::chrono::steady_clock::now() >= deadline) return value;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

/// Waits until `condition()` holds; false if the deadline passed first.
template <class Condition>
bool eventually(Condition condition) {
  return await_value(true, [&] { return static_cast<bool>(condition()); });
}

}  // namespace nsq::test
