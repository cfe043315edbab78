#include "common/net/file_watch.hpp"

#include <sys/stat.h>

#include <csignal>
#include <utility>

#include "common/base/clock.hpp"

namespace nsq::net {

namespace {

/// A few calls of stat a second: a watch on directories would miss what symbolic links lead to.
constexpr Nanoseconds kLookInterval = Milliseconds(500);

}  // namespace

FileWatch::FileWatch(boost::asio::any_io_executor executor, std::vector<std::string> paths,
                     std::function<void()> changed)
    : paths_(std::move(paths)),
      changed_(std::move(changed)),
      timer_(executor),
      signals_(executor),
      told_(take()),
      seen_(told_) {}

void FileWatch::start() {
  signals_.add(SIGHUP);
  wait_for_signal();
  wait_for_timer();
}

void FileWatch::stop() {
  timer_.cancel();
  signals_.cancel();
}

FileWatch::Stamps FileWatch::take() const {
  Stamps stamps;
  stamps.reserve(paths_.size());
  for (const auto& path : paths_) {
    Stamp& stamp = stamps.emplace_back();
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) continue;
    stamp = {.device = status.st_dev,
             .inode = status.st_ino,
             .bytes = status.st_size,
             .seconds = status.st_mtim.tv_sec,
             .nanoseconds = status.st_mtim.tv_nsec};
  }
  return stamps;
}

/// A file that is still being written changes from look to look; it is told of when it does not.
void FileWatch::look() {
  const auto before = std::exchange(seen_, take());
  if (seen_ == before && seen_ != told_) tell();
}

void FileWatch::tell() {
  told_ = seen_ = take();
  changed_();
}

void FileWatch::wait_for_timer() {
  timer_.expires_after(kLookInterval);
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    look();
    wait_for_timer();
  });
}

void FileWatch::wait_for_signal() {
  signals_.async_wait([this](boost::system::error_code error, int) {
    if (error) return;
    tell();
    wait_for_signal();
  });
}

}  // namespace nsq::net
