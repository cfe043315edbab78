#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/nsq/blocking.hpp"
#include "common/base/mutex.hpp"

namespace nsq::tools {

/// Publishes every piece to all of several nsqds, some pieces ahead of the answers. Used by one
/// thread.
class Fanout {
 public:
  Fanout(std::string topic, std::vector<std::unique_ptr<client::BlockingProducer>> producers)
      : topic_(std::move(topic)), producers_(std::move(producers)) {}
  /// Waits for the answers.
  ~Fanout() { wait_answers(); }
  Fanout(const Fanout&) = delete;
  Fanout& operator=(const Fanout&) = delete;

  /// Waits while too much is unanswered. False after the first failed publish, whose reason error()
  /// then has.
  bool publish(std::string_view piece);
  /// Waits until everything is answered. False as publish().
  bool wait_answers();
  std::string error() const;

 private:
  void answered(std::size_t bytes, const Result<void>& result);

  const std::string topic_;
  mutable Mutex mu_;
  std::condition_variable_any changed_;
  std::size_t unanswered_ NSQ_GUARDED_BY(mu_) = 0;
  std::size_t unanswered_bytes_ NSQ_GUARDED_BY(mu_) = 0;
  std::optional<std::string> error_ NSQ_GUARDED_BY(mu_);
  std::vector<std::unique_ptr<client::BlockingProducer>> producers_;  // gone before the above
};

}  // namespace nsq::tools
