#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/nsqd.hpp"

namespace nsq::test {

/// How an nsqd ends before it is started again.
enum class Ending {
  kill,  ///< SIGKILL: only what was written is there afterwards
  stop,  ///< SIGTERM: everything is
};
std::ostream& operator<<(std::ostream& out, Ending ending);

/// Ends it and waits for that; checks its exit status.
void end(Nsqd& nsqd, Ending ending);

/// end(), and starts it again on the same data path with `args`.
void restart(Nsqd& nsqd, Ending ending, const std::vector<std::string>& args = {});

/// Waits, by the clock of nsqd itself, for longer than the --sync-timeout of kSyncOften: what
/// consumers did before is written then. Uses a topic and a connection of its own.
void outlast_sync_timeout(Nsqd& nsqd);
inline constexpr const char* kSyncOften = "--sync-timeout=50ms";

/// Subscribes, and reads and finishes `count` messages, at most 2500; returns once the FINs are
/// taken.
std::vector<Message> consume(Nsqd& nsqd, std::string_view topic, std::string_view channel,
                             int count);

/// Reads `count` messages with a connection that then goes away, and requeues what it held, so that
/// they wait again.
std::vector<Message> look_at(Nsqd& nsqd, std::string_view topic, std::string_view channel,
                             int count);

/// Bodies in the order of the messages.
std::vector<std::string> bodies(const std::vector<Message>& messages);
std::vector<std::string> sorted(std::vector<std::string> strings);

}  // namespace nsq::test
