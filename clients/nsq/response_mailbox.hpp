#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "clients/nsq/message.hpp"
#include "common/base/mutex.hpp"

namespace nsq::client {

/// Brings responses from any thread to the Consumer's executor, many with one hand-over.
/// Outlives the Consumer, with its messages; close() cuts it off, and what comes later is dropped.
/// Threads: a monitor.
class ResponseMailbox final : public detail::ResponseSink,
                              public std::enable_shared_from_this<ResponseMailbox> {
 public:
  using Deliver = std::function<void(const std::vector<detail::Response>&)>;

  /// @param deliver runs on the executor, with what has gathered (nothing after a poke).
  ResponseMailbox(boost::asio::any_io_executor executor, Deliver deliver);

  void respond(const detail::Response& response) override NSQ_EXCLUDES(mu_);
  /// Has `deliver` called soon although there is no response.
  void poke() NSQ_EXCLUDES(mu_);
  /// Executor. `deliver` is not called any more and is destroyed.
  void close() NSQ_EXCLUDES(mu_);

 private:
  void schedule() NSQ_EXCLUDES(mu_);
  void drain() NSQ_EXCLUDES(mu_);

  Mutex mu_;
  std::vector<detail::Response> waiting_ NSQ_GUARDED_BY(mu_);
  bool scheduled_ NSQ_GUARDED_BY(mu_) = false;
  bool closed_ NSQ_GUARDED_BY(mu_) = false;
  // Executor only, except that the executor itself is constant until close().
  boost::asio::any_io_executor executor_;
  Deliver deliver_;
  std::vector<detail::Response> batch_;
};

}  // namespace nsq::client
