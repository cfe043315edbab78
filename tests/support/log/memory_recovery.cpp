// What a crash leaves of a topic, by the rules of nsqd/storage/recovery.cpp.

#include <algorithm>
#include <utility>

#include "nsqd/queue/frame.hpp"
#include "tests/support/log/memory_log.hpp"

namespace nsqd::test {
namespace {

bool topic_keeps(const TopicImage& image, Offset born) {
  return (image.paused || image.channels.empty()) && born >= image.held.start;
}

bool is_dropped(const TopicImage& image, Offset born) {
  return std::any_of(image.dropped.begin(), image.dropped.end(), [&](const LogRange& range) {
    return born >= range.begin && born < range.end;
  });
}

/// Of messages that were not deferred, each was born at its own offset.
void give_plain_to_owners(TopicImage& image, Offset first, const MemoryChunk& chunk) {
  for (Offset at = first; at < first + chunk.count; ++at) {
    const LogRange one{at, at + 1, 1, chunk.attempts};
    if (is_dropped(image, at)) continue;
    if (topic_keeps(image, at)) {
      if (at >= image.held.end) image.held.unacked.push_back(one);
      continue;
    }
    for (auto& channel : image.channels) {
      if (at >= channel.cursor.start && at >= channel.cursor.end) {
        channel.cursor.unacked.push_back(one);
      }
    }
  }
}

void give_to_owners(TopicImage& image, Offset first, const MemoryChunk& chunk) {
  if (chunk.audience.channel == 0 && chunk.audience.born == first) {
    give_plain_to_owners(image, first, chunk);
    return;
  }
  const LogRange range{first, first + chunk.count, chunk.count, chunk.attempts};
  const ChannelId target = chunk.audience.channel;
  const Offset born = *chunk.audience.born;
  if (target == 0 && is_dropped(image, born)) return;
  if (target == 0 && topic_keeps(image, born)) {
    if (first >= image.held.end) image.held.unacked.push_back(range);
    return;
  }
  for (auto& channel : image.channels) {
    const bool meant = target == 0 || target == channel.id;
    if (meant && channel.cursor.wants(born, target != 0) && first >= channel.cursor.end) {
      channel.cursor.unacked.push_back(range);
    }
  }
}

void count_deferred(TopicImage& image, Offset number, ChannelId target) {
  ++image.far_deferred;
  if (target == 0) {
    if (is_dropped(image, number)) return;
    if (topic_keeps(image, number)) {
      ++image.held.deferred;
      return;
    }
  }
  for (auto& channel : image.channels) {
    if ((target == 0 || target == channel.id) && channel.cursor.wants(number, target != 0)) {
      ++channel.cursor.deferred;
    }
  }
}

/// Where messages that the channel's consumers deferred were before.
std::vector<Offset> old_places(const MemoryTopic& topic, ChannelId channel) {
  std::vector<Offset> places;
  for (const auto& [at, message] : topic.deferred) {
    if (message.channel == channel) places.push_back(message.home);
  }
  for (auto at = topic.chunks.lower_bound(topic.image.committed); at != topic.chunks.end(); ++at) {
    const Audience& audience = at->second.audience;
    if (audience.channel != channel) continue;
    places.insert(places.end(), audience.homes.begin(), audience.homes.end());
  }
  return places;
}

void note_ids(TopicImage& image, std::string_view frames) {
  for (; !frames.empty(); frames.remove_prefix(frame_bytes(frames.data()))) {
    image.id_unit = std::max(image.id_unit, IdGenerator::unit_of(frame_id(frames.data())));
  }
}

/// How many of the channel's messages the log holds at [begin, end).
std::uint64_t count_in_log(const MemoryTopic& topic, const ChannelImage& channel, Offset begin,
                           Offset end) {
  std::uint64_t count = 0;
  for (const auto& [first, chunk] : topic.chunks) {
    const Offset born = *chunk.audience.born;
    if (chunk.audience.channel != 0 && chunk.audience.channel != channel.id) continue;
    if (born != first && born < channel.cursor.start) continue;
    const Offset from = std::max({begin, first, born == first ? channel.cursor.start : Offset{0}});
    const Offset to = std::min<Offset>(end, first + chunk.count);
    if (from < to) count += to - from;
  }
  return count;
}

}  // namespace

TopicImage recovered(const MemoryTopic& topic) {
  TopicImage image = topic.image;
  for (auto at = topic.chunks.lower_bound(image.committed); at != topic.chunks.end(); ++at) {
    give_to_owners(image, at->first, at->second);
    note_ids(image, at->second.frames);
    image.next_offset = std::max(image.next_offset, at->first + at->second.count);
  }
  image.far_deferred = 0;
  image.held.deferred = 0;
  for (auto& channel : image.channels) channel.cursor.deferred = 0;
  image.committed = image.held.end = image.next_offset;
  for (const auto& [at, message] : topic.deferred) {
    count_deferred(image, at.number, message.channel);
    note_ids(image, message.frame);
    image.next_offset = std::max(image.next_offset, at.number + 1);
  }
  image.held.unacked = merged(std::move(image.held.unacked));
  for (auto& channel : image.channels) {
    channel.cursor.end = image.committed;
    channel.cursor.unacked =
        without(merged(std::move(channel.cursor.unacked)), old_places(topic, channel.id),
                [&](Offset begin, Offset end) { return count_in_log(topic, channel, begin, end); });
  }
  return image;
}

}  // namespace nsqd::test
