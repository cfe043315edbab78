#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/base/log.hpp"
#include "nsqd/auth/authority.hpp"

namespace nsqd {

/// Keeps an Authority's auth file as the file on the disk is: reads it again when it has changed,
/// or on SIGHUP, and keeps the old one when the new one cannot be used. Lives on its executor's
/// thread.
class AuthFileWatch {
 public:
  AuthFileWatch(boost::asio::any_io_executor executor, std::string path, Authority& authority,
                nsq::Logger log);

  /// Reads the file for the first time. @return the system's error or Errc::bad_config, with a text
  /// that names the file.
  nsq::Result<void> load();

  /// Begins to look for changes.
  void start();
  /// Lets go of timer and signal, so that the context can run out of work.
  void stop();

 private:
  /// What tells one state of the file from another; all 0 when there is no file.
  struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    bool operator==(const Stamp&) const = default;
  };
  static Stamp stamp(const std::string& path) noexcept;

  nsq::Result<void> read();
  void reload();
  void look();
  void wait_for_timer();
  void wait_for_signal();

  const std::string path_;
  Authority& authority_;
  const nsq::Logger log_;
  boost::asio::steady_timer timer_;
  boost::asio::signal_set signals_;
  Stamp read_;  // the state that was read last, be it usable or not
  Stamp seen_;  // at the last look
};

}  // namespace nsqd
