#pragma once

#include <cstdint>
#include <vector>

#include "nsqd/queue/broker.hpp"

namespace nsqd {

/// Bytes of the topic's messages and of its channels'. What several channels share counts for each.
std::uint64_t memory_bytes(const TopicStats& topic);

/// All topics, those with the most memory first. Takes their locks one by one; any thread.
std::vector<TopicStats> topics_by_memory(const Broker& broker);

}  // namespace nsqd
