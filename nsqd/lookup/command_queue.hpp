#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "nsqd/lookup/changes.hpp"

namespace nsqd {

/// What one nsqlookupd has yet to be told. Without a connection nothing is kept, because a new
/// connection is told everything. Bounded: when more than `limit` changes gather behind a slow
/// peer, they are forgotten and the connection must be made anew. Not thread-safe.
class CommandQueue {
 public:
  explicit CommandQueue(std::size_t limit) : limit_(limit) {}

  /// There is a connection, which has to be told `everything`.
  void connect(LookupCommands everything);
  /// There is none any more.
  void disconnect();

  /// Something changed.
  void add(const LookupCommands& commands);
  /// What changed is unknown.
  void lose_track();

  /// The connection's state of knowledge cannot be mended: it must be made anew.
  bool lost_track() const noexcept { return lost_track_; }

  bool empty() const noexcept { return commands_.empty(); }

  /// The next commands, at most `max`.
  LookupCommands take(std::size_t max);

 private:
  const std::size_t limit_;
  bool connected_ = false;
  bool lost_track_ = false;
  std::size_t initial_ =
      0;  // how many of the commands are from connect(), which the limit is not about
  std::deque<std::string> commands_;
};

}  // namespace nsqd
