#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "clients/nsq/message.hpp"
#include "common/base/mutex.hpp"
#include "common/base/result.hpp"

namespace nsq::tools {

/// Prints messages, one write a line, until some topic has had its number. Threads: a monitor; the
/// lock is held while writing, so that lines stay whole.
class Printer {
 public:
  struct Settings {
    int fd = 1;
    bool print_topic = false;
    std::int64_t limit = 0;  ///< messages of one topic; 0 or below: no limit
  };

  /// @param on_done runs once, on a handler's thread: the limit is reached or writing failed.
  Printer(Settings settings, std::function<void()> on_done)
      : settings_(settings), on_done_(std::move(on_done)) {}

  /// Prints and finishes a message, or, when it is over, gives it back to the server.
  Result<void> handle(const std::string& topic, const client::Message& message) NSQ_EXCLUDES(mu_);

  /// Why writing failed; empty if it did not.
  std::string error() const NSQ_EXCLUDES(mu_);

 private:
  bool print(const std::string& topic, std::string_view body) NSQ_REQUIRES(mu_);

  const Settings settings_;
  const std::function<void()> on_done_;
  mutable Mutex mu_;
  std::map<std::string, std::int64_t> printed_ NSQ_GUARDED_BY(mu_);
  std::string line_ NSQ_GUARDED_BY(mu_);
  std::string error_ NSQ_GUARDED_BY(mu_);
  bool done_ NSQ_GUARDED_BY(mu_) = false;
};

}  // namespace nsq::tools
