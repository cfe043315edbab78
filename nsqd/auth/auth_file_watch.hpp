#pragma once

#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "common/base/log.hpp"
#include "common/net/file_watch.hpp"
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
  void start() { watch_.start(); }
  /// Ends looking, so that the context can run out of work.
  void stop() { watch_.stop(); }

 private:
  nsq::Result<void> read();
  void reload();

  const std::string path_;
  Authority& authority_;
  const nsq::Logger log_;
  nsq::net::FileWatch watch_;
};

}  // namespace nsqd
