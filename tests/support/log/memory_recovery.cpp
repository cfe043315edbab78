// What a crash leaves of a topic, by the rules of nsqd/storage/recovery.cpp.

#include <algorithm>
#include <utility>

#include "tests/support/log/memory_log.hpp"

namespace nsqd::test {
namespace {

bool topic_keeps(const TopicImage& image, Offset born) {
  return (image.paused || image.channels.empty()) && born >= image.held.start;
}

void give_to_owners(TopicImage& image, Offset first, const MemoryChunk& chunk) {
  const LogRange range{first, first + chunk.count, chunk.count, chunk.attempts};
  const auto& [target, born] = chunk.audience;
  if (target == 0 && topic_keeps(image, born)) {
    if (first >= image.held.end) image.held.unacked.push_back(range);
    return;
  }
  for (auto& channel : image.channels) {
    const bool meant = target == 0 || target == channel.id;
    if (meant && born >= channel.cursor.start && first >= channel.cursor.end) {
      channel.cursor.unacked.push_back(range);
    }
  }
}

void count_deferred(TopicImage& image, Offset number, ChannelId target) {
  ++image.far_deferred;
  if (target == 0) {
    const bool dropped = std::any_of(
        image.dropped.begin(), image.dropped.end(),
        [&](const LogRange& range) { return number >= range.begin && number < range.end; });
    if (dropped) return;
    if (topic_keeps(image, number)) {
      ++image.held.deferred;
      return;
    }
  }
  for (auto& channel : image.channels) {
    if ((target == 0 || target == channel.id) && channel.cursor.start <= number) {
      ++channel.cursor.deferred;
    }
  }
}

}  // namespace

TopicImage recovered(const MemoryTopic& topic) {
  TopicImage image = topic.image;
  for (auto at = topic.chunks.lower_bound(image.committed); at != topic.chunks.end(); ++at) {
    give_to_owners(image, at->first, at->second);
    image.next_offset = std::max(image.next_offset, at->first + at->second.count);
  }
  image.far_deferred = 0;
  image.held.deferred = 0;
  for (auto& channel : image.channels) channel.cursor.deferred = 0;
  image.committed = image.held.end = image.next_offset;
  for (const auto& [at, message] : topic.deferred) {
    count_deferred(image, at.number, message.channel);
    image.next_offset = std::max(image.next_offset, at.number + 1);
  }
  image.held.unacked = merged(std::move(image.held.unacked));
  for (auto& channel : image.channels) {
    channel.cursor.end = image.committed;
    channel.cursor.unacked = merged(std::move(channel.cursor.unacked));
  }
  return image;
}

}  // namespace nsqd::test
