#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace nsqd::migrate {

/// Tells of a long job every couple of seconds. One thread.
class Progress {
 public:
  using Tell = std::function<void(const std::string&)>;

  explicit Progress(Tell tell) : tell_(std::move(tell)) {}

  /// To be called often, at least once every few thousand messages. @param line  makes the text.
  template <class Line>
  void step(Line line) {
    const auto now = Clock::now();
    if (now < next_) return;
    next_ = now + kInterval;
    tell_(line());
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kInterval{2};

  Tell tell_;
  Clock::time_point next_ = Clock::now() + kInterval;
};

}  // namespace nsqd::migrate
