#include "nsqd/http/topic_memory.hpp"

#include <algorithm>

namespace nsqd {

std::uint64_t memory_bytes(const TopicStats& topic) {
  std::uint64_t bytes = topic.memory_bytes;
  for (const ChannelStats& channel : topic.channels) bytes += channel.memory_bytes;
  return bytes;
}

std::vector<TopicStats> topics_by_memory(const Broker& broker) {
  std::vector<TopicStats> topics;
  for (const auto& topic : broker.topics()) topics.push_back(topic->stats({}, false));
  std::ranges::sort(topics, std::ranges::greater(), memory_bytes);
  return topics;
}

}  // namespace nsqd
