#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nsqd/stats/snapshot.hpp"

namespace nsqd {

/// What is sent to statsd, and how it is cut.
struct StatsdFormat {
  std::string prefix{};            ///< expanded, with its trailing dot
  std::size_t packet_bytes = 508;  ///< of a datagram, unless one line is longer
  bool exclude_ephemeral = false;
};

/// Turns snapshots into datagrams for statsd; counters are sent as the difference to the snapshot
/// before. Not thread-safe. Source: spec/nsqd.md 8.
class StatsdReport {
 public:
  explicit StatsdReport(StatsdFormat format) : format_(std::move(format)) {}

  /// The datagrams of one push, in their order: whole lines, `<prefix><key>:<value>|<c or g>\n`.
  /// Memory figures are sent if the snapshot has them.
  std::vector<std::string> write(const StatsSnapshot& snapshot);

 private:
  using Counters = std::map<std::string, std::uint64_t, std::less<>>;

  void topic(const TopicStats& topic);
  void channel(const std::string& topic_key, const ChannelStats& channel);
  void memory(const MemoryFigures& figures);
  void latency(std::string_view key, const std::optional<LatencyStats>& latency);
  void counter(std::string_view key, std::string_view name, std::uint64_t total);
  void gauge(std::string_view key, std::string_view name, std::uint64_t value);
  void line(std::string_view key, std::string_view name, std::uint64_t value, char type);

  const StatsdFormat format_;
  Counters last_;  // totals of the push before, by key
  Counters totals_;
  std::vector<double> quantiles_;
  std::vector<std::string> datagrams_;
};

}  // namespace nsqd
