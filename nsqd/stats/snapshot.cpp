#include "nsqd/stats/snapshot.hpp"

#include <algorithm>
#include <utility>

#include "nsqd/queue/broker.hpp"
#include "nsqd/storage/health.hpp"

namespace nsqd {
namespace {

using Topics = std::vector<TopicStats>;

/// The topics that the filter lets through; nothing if it names one that does not exist.
std::optional<Topics> gather_topics(const Broker& broker, const StatsFilter& filter,
                                    nsq::WallTime now) {
  std::vector<std::shared_ptr<Topic>> topics;
  const auto hidden = [&](std::string_view name) {
    return filter.visible && !filter.visible(name);
  };
  if (filter.topic.empty()) {
    topics = broker.topics();
    std::erase_if(topics, [&](const auto& topic) { return hidden(topic->name().view()); });
  } else if (hidden(filter.topic)) {
    return std::nullopt;
  } else if (auto topic = broker.find_topic(filter.topic)) {
    topics.push_back(std::move(topic));
  } else {
    return std::nullopt;
  }
  Topics all;
  all.reserve(topics.size());
  for (const auto& topic : topics) {
    TopicStats stats = topic->stats(filter.channel, filter.include_clients, now);
    if (!filter.channel.empty() && stats.channels.empty()) continue;
    all.push_back(std::move(stats));
  }
  return all;
}

template <class Visit>
void for_each_consumer(const Topics& topics, Visit visit) {
  for (const TopicStats& topic : topics) {
    for (const ChannelStats& channel : topic.channels) {
      for (const ConsumerStats& consumer : channel.consumers) visit(consumer);
    }
  }
}

}  // namespace

std::optional<ClientStats> StatsSnapshot::find(const ConsumerStats& consumer) const {
  const auto found = by_connection_.find(consumer.connection);
  if (found == by_connection_.end()) return std::nullopt;
  return ClientStats{clients_[found->second], consumer};
}

void StatsSnapshot::add_clients(const StatsSource& source, const StatsFilter& filter) {
  clients_ = source.clients.snapshot();
  if (filter.visible) {
    for (ClientSnapshot& client : clients_) {
      std::erase_if(client.pub_counts,
                    [&](const auto& each) { return !filter.visible(each.topic); });
    }
  }
  by_connection_.reserve(clients_.size());
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    by_connection_.emplace(clients_[i].connection, i);
  }
  add_producers(source.broker, filter);
  if (filter.topic.empty()) return;
  for (ClientSnapshot& client : clients_) {
    std::erase_if(client.pub_counts, [&](const auto& each) { return each.topic != filter.topic; });
  }
}

void StatsSnapshot::add_producers(const Broker& broker, const StatsFilter& filter) {
  boost::unordered_flat_map<std::uint64_t, std::size_t> places;
  bool any_consumes = false;
  for (const ClientSnapshot& client : clients_) {
    if (client.pub_counts.empty()) continue;
    places.emplace(client.connection, producers_.size());
    producers_.push_back({client, {}});
    any_consumes |= client.state != 0;
  }
  if (!any_consumes) return;
  const auto fill = [&](const ConsumerStats& consumer) {
    const auto found = places.find(consumer.connection);
    if (found != places.end()) producers_[found->second].consumer = consumer;
  };
  // A filter does not remove producers, so what one of them consumes may be outside of it.
  if (filter.topic.empty() && filter.channel.empty()) {
    for_each_consumer(*topics, fill);
  } else if (const auto all = gather_topics(broker, {}, taken_at)) {
    for_each_consumer(*all, fill);
  }
}

StatsSnapshot take_stats(const StatsSource& source, const StatsFilter& filter, nsq::WallTime now) {
  StatsSnapshot snapshot;
  snapshot.health = source.health.text();
  snapshot.connections = source.clients.totals();
  snapshot.start_time = source.start_time;
  snapshot.taken_at = now;
  snapshot.e2e_percentiles.assign(source.e2e_percentiles.begin(), source.e2e_percentiles.end());
  snapshot.include_clients = filter.include_clients;
  if (filter.include_mem) snapshot.memory = read_memory_figures();
  snapshot.topics = gather_topics(source.broker, filter, now);
  if (filter.include_clients && snapshot.topics) snapshot.add_clients(source, filter);
  return snapshot;
}

}  // namespace nsqd
