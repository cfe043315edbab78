#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

namespace nsq::net {

/// Says when files have changed, or SIGHUP asks to read them anew. Lives on its executor's thread.
class FileWatch {
 public:
  /// Create it before the files are read for the first time, so that what changes meanwhile is
  /// seen. Empty paths are files that never change.
  /// @param changed  a change has settled (within a second of it), or SIGHUP came.
  FileWatch(boost::asio::any_io_executor executor, std::vector<std::string> paths,
            std::function<void()> changed);

  /// Begins to look. From now on SIGHUP does not end the process.
  void start();
  /// Lets go of timer and signal, so that the context can run out of work.
  void stop();

 private:
  /// What tells one state of a file from another; all 0 when there is none, which is a state too.
  struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t bytes = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::vector<Stamp>;

  Stamps take() const;
  void look();
  void tell();
  void wait_for_timer();
  void wait_for_signal();

  const std::vector<std::string> paths_;
  const std::function<void()> changed_;
  boost::asio::steady_timer timer_;
  boost::asio::signal_set signals_;
  Stamps told_;  // of which changed_ knows
  Stamps seen_;  // at the last look
};

}  // namespace nsq::net
