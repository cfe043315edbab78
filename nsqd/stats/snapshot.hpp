#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "common/base/clock.hpp"
#include "nsqd/queue/topic.hpp"
#include "nsqd/stats/client_registry.hpp"
#include "nsqd/stats/memory_figures.hpp"

namespace nsqd {

class Broker;
class Health;

/// What to gather. Source: spec/nsqd.md 6.5.
struct StatsFilter {
  std::string_view topic{};    ///< only this topic, unless empty
  std::string_view channel{};  ///< only topics with this channel, and of them only it, unless empty
  bool include_clients = true;
  bool include_mem = true;
  /// Which topics may be shown at all; empty: every one. What is said of others, such as that a
  /// client publishes to them, is left out.
  std::function<bool(std::string_view topic)> visible{};
};

/// Where statistics come from. Everything outlives the call.
struct StatsSource {
  const Broker& broker;
  const ClientRegistry& clients;
  const Health& health;
  nsq::WallTime start_time;                 ///< of the daemon
  std::span<const double> e2e_percentiles;  ///< as configured
};

/// A client as it is shown: its connection, and what it consumes (all 0 for a pure producer).
struct ClientStats {
  const ClientSnapshot& client;
  ConsumerStats consumer;
};

/// Everything that /stats shows, of about one moment: each topic and each channel is consistent in
/// itself.
class StatsSnapshot {
 public:
  StatsSnapshot() = default;
  StatsSnapshot(StatsSnapshot&&) noexcept = default;
  StatsSnapshot& operator=(StatsSnapshot&&) noexcept = default;
  StatsSnapshot(const StatsSnapshot&) = delete;  // producers refer to the clients
  StatsSnapshot& operator=(const StatsSnapshot&) = delete;
  ~StatsSnapshot() = default;

  std::string health;
  ClientRegistry::Totals connections;
  nsq::WallTime start_time{};
  nsq::WallTime taken_at{};
  std::optional<std::vector<TopicStats>> topics;  ///< by name; nothing: the filter's is unknown
  std::optional<MemoryFigures> memory;
  std::vector<double> e2e_percentiles;
  bool include_clients = true;

  /// The channel's consumer as it is shown, or nothing if its connection has just ended.
  std::optional<ClientStats> find(const ConsumerStats& consumer) const;

  /// The connections that have published anything; none without include_clients or for an unknown
  /// topic.
  const std::vector<ClientStats>& producers() const noexcept { return producers_; }

 private:
  friend StatsSnapshot take_stats(const StatsSource& source, const StatsFilter& filter,
                                  nsq::WallTime now);

  void add_clients(const StatsSource& source, const StatsFilter& filter);
  void add_producers(const Broker& broker, const StatsFilter& filter);

  std::vector<ClientSnapshot> clients_;
  boost::unordered_flat_map<std::uint64_t, std::size_t> by_connection_;  // places in clients_
  std::vector<ClientStats> producers_;                                   // refer to clients_
};

/// Takes each topic's and each channel's lock for a moment. The time it takes grows with what it
/// returns, linearly. Any thread.
StatsSnapshot take_stats(const StatsSource& source, const StatsFilter& filter, nsq::WallTime now);

}  // namespace nsqd
