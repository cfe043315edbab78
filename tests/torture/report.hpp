#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace nsq::torture {

/// What happened since the start. Counted by all threads, read for the summaries.
struct Counters {
  std::atomic<std::uint64_t> published{0};
  std::atomic<std::uint64_t> acknowledged{0};
  std::atomic<std::uint64_t> refused{0};  ///< answered with an error
  std::atomic<std::uint64_t> delivered{0};
  std::atomic<std::uint64_t> redelivered{0};  ///< of these, to a channel that had it before
  std::atomic<std::uint64_t> repeated{0};     ///< of these, finished before a crash
  std::atomic<std::uint64_t> finished{0};     ///< FINs that are known to have been taken
  std::atomic<std::uint64_t> requeued{0};     ///< the same of REQ
  std::atomic<std::uint64_t> timed_out{0};    ///< FIN and REQ that came too late
};

/// Collects what must not have happened. Any thread.
class Report {
 public:
  /// `kind` groups, `detail` says which; of each kind the first twenty details are kept.
  void violation(const std::string& kind, const std::string& detail);

  bool clean() const;
  /// Everything to be said about the violations, empty if there are none.
  std::string text() const;

  Counters counters;

 private:
  struct Group {
    std::uint64_t count = 0;
    std::vector<std::string> details;
  };

  mutable std::mutex mu_;
  std::map<std::string, Group> groups_;
};

}  // namespace nsq::torture
