#include "tests/integration/cluster_ledger.hpp"

#include <algorithm>
#include <utility>

namespace nsq::test {
namespace {

// nsqd writes what consumers finished every 250 ms, in between other writes: where builds keep the
// disk busy, FINs of three seconds were seen unwritten.
constexpr std::chrono::seconds kFinishMargin{5};

}  // namespace

void ClusterLedger::publishing(std::uint16_t nsqd, const std::string& body) {
  const std::scoped_lock lock(mu_);
  published_.emplace(body, nsqd);
}

void ClusterLedger::acknowledged(std::uint16_t nsqd, const std::string& body) {
  const std::scoped_lock lock(mu_);
  acknowledged_[nsqd].insert(body);
}

void ClusterLedger::received(const std::string& channel, std::uint16_t nsqd, std::string_view body,
                             std::string which) {
  const auto now = Clock::now();
  const std::scoped_lock lock(mu_);
  auto& deliveries = deliveries_[channel][std::string(body)];
  if (deliveries.empty()) ++received_counts_[channel][nsqd];
  deliveries.push_back({.nsqd = nsqd, .at = now, .which = std::move(which)});
}

void ClusterLedger::killed(std::uint16_t nsqd) {
  const std::scoped_lock lock(mu_);
  kills_[nsqd].push_back({.killed = Clock::now()});
}

void ClusterLedger::restarting(std::uint16_t nsqd) {
  const std::scoped_lock lock(mu_);
  kills_.at(nsqd).back().restarting = Clock::now();
}

std::size_t ClusterLedger::acknowledged_count(std::uint16_t nsqd) const {
  const std::scoped_lock lock(mu_);
  const auto found = acknowledged_.find(nsqd);
  return found == acknowledged_.end() ? 0 : found->second.size();
}

std::size_t ClusterLedger::received_count(const std::string& channel, std::uint16_t nsqd) const {
  const std::scoped_lock lock(mu_);
  const auto found = received_counts_.find(channel);
  if (found == received_counts_.end()) return 0;
  const auto count = found->second.find(nsqd);
  return count == found->second.end() ? 0 : count->second;
}

std::vector<std::string> ClusterLedger::lost(const std::string& channel) const {
  const std::scoped_lock lock(mu_);
  const auto here = deliveries_.find(channel);
  std::vector<std::string> missing;
  for (const auto& [nsqd, bodies] : acknowledged_) {
    for (const auto& body : bodies) {
      if (here == deliveries_.end() || !here->second.contains(body)) missing.push_back(body);
    }
  }
  return missing;
}

std::string ClusterLedger::text(const Delivery& delivery) const {
  std::string line = delivery.which;
  const auto found = kills_.find(delivery.nsqd);
  if (found == kills_.end()) return line;
  const auto behind = [&](Clock::time_point moment) {
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(delivery.at - moment);
    return std::to_string(passed.count()) + " ms";
  };
  for (const Life& life : found->second) {
    line += ", " + behind(life.killed) + " behind the kill and " + behind(life.restarting) +
            " behind the start";
  }
  return line;
}

bool ClusterLedger::explained(const Delivery& first, const Delivery& second) const {
  const auto found = kills_.find(first.nsqd);
  if (found == kills_.end()) return false;
  return std::ranges::any_of(found->second, [&](const Life& life) {
    return first.at >= life.killed - kFinishMargin && first.at <= life.restarting &&
           second.at >= life.restarting;
  });
}

std::vector<std::string> ClusterLedger::violations() const {
  const std::scoped_lock lock(mu_);
  std::vector<std::string> lines;
  for (const auto& [channel, bodies] : deliveries_) {
    for (const auto& [body, deliveries] : bodies) {
      const auto publisher = published_.find(body);
      for (const Delivery& delivery : deliveries) {
        if (publisher == published_.end() || publisher->second != delivery.nsqd) {
          lines.push_back(channel + ": never published there: " + body);
        }
      }
      for (std::size_t i = 1; i < deliveries.size(); ++i) {
        if (!explained(deliveries[i - 1], deliveries[i])) {
          lines.push_back(channel + ": came again: " + body + ", " + text(deliveries[i - 1]) +
                          "; " + text(deliveries[i]));
        }
      }
    }
  }
  return lines;
}

}  // namespace nsq::test
