#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "nsqd/queue/log.hpp"
#include "nsqd/storage/log_reader.hpp"

namespace nsqd {

/// The threads that read the log, so that no I/O thread waits for a disk. What fails is tried again
/// a second later, until it succeeds or the pool stops. Thread-safe.
class ReadPool {
 public:
  ReadPool(LogReader& reader, unsigned threads, nsq::Logger log);
  ~ReadPool();
  ReadPool(const ReadPool&) = delete;
  ReadPool& operator=(const ReadPool&) = delete;

  void read(ReadRequest request);
  void read_deferred(DeferredRequest request);

  /// Drops what is not answered yet and ends the threads.
  void stop();

 private:
  using Request = std::variant<ReadRequest, DeferredRequest>;
  using Clock = std::chrono::steady_clock;

  void add(Request request);
  void run();
  std::optional<Request> wait_for_request();
  bool answer(const ReadRequest& request);
  bool answer(const DeferredRequest& request);

  LogReader& reader_;
  const nsq::Logger log_;
  std::mutex mutex_;  // a leaf
  std::condition_variable changed_;
  std::deque<Request> requests_;
  std::multimap<Clock::time_point, Request> again_;  // those that failed
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace nsqd
