#pragma once

#include <memory>
#include <optional>

#include <boost/container/small_vector.hpp>

#include "common/base/clock.hpp"

namespace nsqd {

/// How a channel tells a consumer's connection to come and pull, or to look whether it was closed.
class Waker {
 public:
  virtual ~Waker() = default;

  /// Any thread, no lock of the broker held; must not block. Several calls before the pull are one.
  virtual void wake() noexcept = 0;
};

/// What the broker decided under its locks and what must be done after they are released.
class Effects {
 public:
  void wake(std::shared_ptr<Waker> waker) { wakers_.push_back(std::move(waker)); }

  /// Wakes whoever was gathered.
  void run() {
    for (const auto& waker : wakers_) waker->wake();
    wakers_.clear();
  }

 private:
  boost::container::small_vector<std::shared_ptr<Waker>, 8> wakers_;
};

}  // namespace nsqd
