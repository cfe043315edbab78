#pragma once

#include <memory>
#include <optional>

#include <boost/container/small_vector.hpp>

#include "common/base/clock.hpp"
#include "nsqd/queue/log.hpp"

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
  void read(Log& log, ReadRequest request) { reads_.push_back({&log, std::move(request)}); }
  void read_deferred(Log& log, DeferredRequest request) {
    deferred_reads_.push_back({&log, std::move(request)});
  }

  /// Wakes whoever was gathered and starts the reads.
  void run() {
    for (const auto& waker : wakers_) waker->wake();
    wakers_.clear();
    for (auto& [log, request] : reads_) log->read(std::move(request));
    reads_.clear();
    for (auto& [log, request] : deferred_reads_) log->read_deferred(std::move(request));
    deferred_reads_.clear();
  }

 private:
  template <class Request>
  struct Asked {
    Log* log;
    Request request;
  };

  boost::container::small_vector<std::shared_ptr<Waker>, 8> wakers_;
  std::vector<Asked<ReadRequest>> reads_;
  std::vector<Asked<DeferredRequest>> deferred_reads_;
};

}  // namespace nsqd
