#include "nsqd/migrate/import_plan.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/assert.hpp"

namespace nsqd::migrate {

using namespace nsq;

ImportedTopic::ImportedTopic(schema::Stored stored, const upstream::TopicEntry& entry)
    : stored_(std::move(stored)) {
  TopicImage& image = stored_.image;
  const bool held = holding();
  // What the topic keeps begins here, unless it kept something before.
  if (!held) image.held.start = image.next_offset;
  for (const auto& channel : entry.channels) {
    if (!channel.name.ephemeral()) add_channel(channel);
  }
  image.paused = image.paused || entry.paused;
  if (held && !holding()) hand_out_held();
}

void ImportedTopic::add_channel(const upstream::ChannelEntry& entry) {
  TopicImage& image = stored_.image;
  for (auto& channel : image.channels) {
    if (channel.name != entry.name.str()) continue;
    channel.paused = channel.paused || entry.paused;
    return;
  }
  ChannelImage channel;
  channel.id = ++image.last_channel;
  channel.name = entry.name.str();
  channel.paused = entry.paused;
  // As a channel that is created now: it gets what the topic has kept, and nothing older.
  channel.cursor.start = image.held.start;
  channel.cursor.end = image.next_offset;
  image.channels.push_back(std::move(channel));
}

/// The topic had no channels, and kept everything for the first ones.
void ImportedTopic::hand_out_held() {
  TopicImage& image = stored_.image;
  for (auto& channel : image.channels) {
    channel.cursor.unacked = image.held.unacked;
    channel.cursor.deferred = image.held.deferred;
  }
  image.held = {.start = image.next_offset, .end = image.next_offset, .deferred = 0, .unacked = {}};
}

ChannelId ImportedTopic::channel(std::string_view name) const {
  const auto& channels = stored_.image.channels;
  const auto found = std::ranges::find(channels, name, &ChannelImage::name);
  NSQ_ASSERT(found != channels.end());
  return found->id;
}

void ImportedTopic::append(ChannelId target, std::uint64_t count) {
  if (count == 0) return;
  TopicImage& image = stored_.image;
  const LogRange range{image.next_offset, image.next_offset + count, count, 0};
  image.next_offset = range.end;
  if (target == 0 && holding()) {
    image.held.unacked.push_back(range);
    return;
  }
  for (auto& channel : image.channels) {
    if (target == 0 || target == channel.id) channel.cursor.unacked.push_back(range);
  }
}

void ImportedTopic::finish() {
  TopicImage& image = stored_.image;
  image.committed = image.next_offset;
  image.held.end = image.next_offset;
  if (!holding()) image.held.start = image.next_offset;
  for (auto& channel : image.channels) channel.cursor.end = image.next_offset;
}

ImportPlan plan_import(const upstream::Metadata& metadata, std::vector<schema::Stored> topics,
                       Durability durability) {
  ImportPlan plan;
  plan.notes = metadata.notes;
  std::uint32_t last = 0;
  for (const auto& each : topics) last = std::max(last, each.image.id);
  plan.first_new = last + 1;
  for (const auto& entry : metadata.topics) {
    if (entry.name.ephemeral()) {
      plan.notes.push_back(fmt::format("topic {} is ephemeral: left out", entry.name.view()));
      continue;
    }
    for (const auto& channel : entry.channels) {
      if (!channel.name.ephemeral()) continue;
      plan.notes.push_back(fmt::format("channel {} of topic {} is ephemeral: left out",
                                       channel.name.view(), entry.name.view()));
    }
    const auto found = std::ranges::find(topics, entry.name.view(), [](const auto& stored) {
      return std::string_view(stored.image.name);
    });
    schema::Stored stored;
    if (found != topics.end()) {
      stored = std::move(*found);
      topics.erase(found);
      plan.places.push_back({stored.image.id, stored.image.next_offset});
      plan.notes.push_back(
          fmt::format("topic {} is there already: its messages stay, in front of those of upstream",
                      entry.name.view()));
    } else {
      stored.image.id = ++last;
      stored.image.name = entry.name.str();
      stored.image.durability = durability;
    }
    plan.topics.emplace_back(std::move(stored), entry);
  }
  return plan;
}

}  // namespace nsqd::migrate
