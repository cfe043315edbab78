#include "nsqd/storage/schema.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/bytes.hpp"
#include "nsqd/queue/frame.hpp"
#include "nsqd/storage/record.hpp"

namespace nsqd::schema {

using namespace nsq;

namespace {

constexpr char kChunkVersion = 1;
constexpr char kDeferredVersion = 1;
constexpr char kHasHomes = 1;  // a chunk's flag
constexpr std::uint8_t kCursorVersion = 2;

/// Due times may be negative in theory only; biased, they sort as they should.
constexpr std::uint64_t kBias = std::uint64_t{1} << 63;

/// Whether `frames` are `count` whole message frames and nothing else.
bool whole_frames(std::string_view frames, std::uint32_t count) noexcept {
  for (; count > 0; --count) {
    if (frames.size() < kFrameOverhead) return false;
    const std::uint64_t bytes = std::uint64_t{4} + load_be32(frames.data());
    if (bytes < kFrameOverhead || bytes > frames.size()) return false;
    frames.remove_prefix(static_cast<std::size_t>(bytes));
  }
  return frames.empty();
}

void put_ranges(RecordWriter& out, const std::vector<LogRange>& ranges) {
  out.u32(static_cast<std::uint32_t>(ranges.size()));
  for (const LogRange& range : ranges) {
    out.u64(range.begin);
    out.u64(range.end);
    out.u64(range.count);
    out.u16(range.attempts);
  }
}

std::vector<LogRange> get_ranges(RecordReader& in) {
  std::vector<LogRange> ranges;
  for (std::uint32_t left = in.u32(); left > 0 && in.ok(); --left) {
    LogRange range;
    range.begin = in.u64();
    range.end = in.u64();
    range.count = in.u64();
    range.attempts = in.u16();
    ranges.push_back(range);
  }
  return ranges;
}

void put_cursor(RecordWriter& out, const Cursor& cursor) {
  out.u64(cursor.start);
  out.u64(cursor.emptied);
  out.u64(cursor.end);
  out.u64(cursor.deferred);
  put_ranges(out, cursor.unacked);
}

Cursor get_cursor(RecordReader& in) {
  Cursor cursor;
  cursor.start = in.u64();
  cursor.emptied = in.u64();
  cursor.end = in.u64();
  cursor.deferred = in.u64();
  cursor.unacked = get_ranges(in);
  return cursor;
}

bool read_topic(const nlohmann::json& json, TopicImage& image) {
  const auto durability = parse_durability(json.at("durability").get<std::string>());
  if (!durability) return false;
  image.name = json.at("name").get<std::string>();
  image.paused = json.at("paused").get<bool>();
  image.durability = *durability;
  image.last_channel = json.at("last_channel").get<ChannelId>();
  for (const auto& each : json.at("channels")) {
    ChannelImage channel;
    channel.id = each.at("id").get<ChannelId>();
    channel.name = each.at("name").get<std::string>();
    channel.paused = each.at("paused").get<bool>();
    image.channels.push_back(std::move(channel));
  }
  return true;
}

bool read_cursors(std::string_view record, Stored& stored) {
  RecordReader in(record);
  const std::uint8_t version = in.u8();
  if (version < 1 || version > kCursorVersion) return false;
  stored.trimmed = in.u64();
  stored.image.next_offset = in.u64();
  stored.image.committed = in.u64();
  stored.image.far_deferred = in.u64();
  if (version > 1) stored.image.id_unit = in.u64();
  stored.image.held = get_cursor(in);
  stored.image.dropped = get_ranges(in);
  for (std::uint32_t left = in.u32(); left > 0 && in.ok(); --left) {
    const ChannelId id = in.u32();
    Cursor cursor = get_cursor(in);
    for (auto& channel : stored.image.channels) {
      if (channel.id == id) channel.cursor = std::move(cursor);
    }
  }
  return in.ok() && in.empty();
}

}  // namespace

std::string topic_key(std::uint32_t topic) {
  return std::string(kTopicPrefix) + fmt::format("{:010}", topic);
}

std::optional<std::uint32_t> parse_topic_key(std::string_view key) {
  if (!key.starts_with(kTopicPrefix)) return std::nullopt;
  std::uint32_t topic = 0;
  for (const char digit : key.substr(kTopicPrefix.size())) {
    if (digit < '0' || digit > '9') return std::nullopt;
    topic = topic * 10 + static_cast<std::uint32_t>(digit - '0');
  }
  return topic;
}

TopicBytes topic_bytes(std::uint32_t topic) noexcept {
  TopicBytes key;
  store_be32(key.data(), topic);
  return key;
}

LogKey log_key(std::uint32_t topic, Offset first) noexcept {
  LogKey key;
  store_be32(key.data(), topic);
  store_be64(key.data() + 4, first);
  return key;
}

Offset offset_of(std::string_view log_key) noexcept {
  return load_be64(log_key.data() + 4);
}

std::uint32_t topic_of(std::string_view key) noexcept {
  return load_be32(key.data());
}

DeferredKey deferred_key(std::uint32_t topic, DuePoint at) noexcept {
  DeferredKey key;
  store_be32(key.data(), topic);
  store_be64(key.data() + 4, due_place(at.due));
  store_be64(key.data() + 12, at.number);
  return key;
}

std::uint64_t due_place(std::int64_t due) noexcept {
  return static_cast<std::uint64_t>(due) ^ kBias;
}

DuePoint due_point_of(std::string_view key) noexcept {
  return {static_cast<std::int64_t>(load_be64(key.data() + 4) ^ kBias), load_be64(key.data() + 12)};
}

void write_chunk_header(char* to, const ChunkHeader& header) noexcept {
  to[0] = kChunkVersion;
  to[1] = header.homes ? kHasHomes : 0;
  store_be16(to + 2, header.attempts);
  store_be32(to + 4, header.count);
  store_be32(to + 8, header.channel);
  store_be64(to + 12, header.born);
}

ChunkPart part_for(ChannelId channel, Offset start, Offset first, const ChunkHeader& header,
                   Offset begin, Offset end) noexcept {
  // Messages of one chunk that were published on their own, not deferred, were each born at their
  // own offset: a channel may begin in the midst of them.
  const bool own_births = header.born == first;
  const bool meant =
      (header.channel == 0 || header.channel == channel) && (own_births || header.born >= start);
  if (!meant) return {};
  const Offset from = std::max({begin, first, own_births ? start : Offset{0}});
  return {from, std::max(from, std::min(end, first + header.count))};
}

std::optional<Chunk> parse_chunk(std::string_view value) noexcept {
  if (value.size() < kChunkHeaderBytes || value[0] != kChunkVersion) return std::nullopt;
  Chunk chunk;
  chunk.header.attempts = load_be16(value.data() + 2);
  chunk.header.count = load_be32(value.data() + 4);
  chunk.header.channel = load_be32(value.data() + 8);
  chunk.header.born = load_be64(value.data() + 12);
  chunk.header.homes = (value[1] & kHasHomes) != 0;
  chunk.frames = value.substr(kChunkHeaderBytes);
  if (chunk.header.homes) {
    const std::size_t bytes = std::size_t{chunk.header.count} * sizeof(Offset);
    if (bytes > chunk.frames.size()) return std::nullopt;
    chunk.homes = chunk.frames.substr(chunk.frames.size() - bytes);
    chunk.frames.remove_suffix(bytes);
  }
  if (!whole_frames(chunk.frames, chunk.header.count)) return std::nullopt;
  return chunk;
}

Offset Chunk::home(std::uint32_t index) const noexcept {
  return load_be64(homes.data() + index * sizeof(Offset));
}

void write_deferred_header(char* to, const DeferredMessage& message) noexcept {
  to[0] = kDeferredVersion;
  to[1] = 0;
  store_be16(to + 2, message.run.attempts);
  store_be32(to + 4, message.channel);
  store_be64(to + 8, message.home);
}

std::optional<DeferredMessage> parse_deferred(std::string_view key, std::string_view value) {
  if (key.size() != sizeof(DeferredKey) || value.size() < kDeferredHeaderBytes ||
      value[0] != kDeferredVersion) {
    return std::nullopt;
  }
  const auto frame = value.substr(kDeferredHeaderBytes);
  if (!whole_frames(frame, 1)) return std::nullopt;
  DeferredMessage message;
  message.at = due_point_of(key);
  message.channel = load_be32(value.data() + 4);
  message.home = load_be64(value.data() + 8);
  message.stored = true;
  const auto bytes = static_cast<std::uint32_t>(frame.size());
  message.run.block = Block::create(bytes);
  std::memcpy(message.run.block->extend(bytes), frame.data(), bytes);
  message.run.end = bytes;
  message.run.count = 1;
  message.run.attempts = load_be16(value.data() + 2);
  message.run.first = message.at.number;
  return message;
}

std::string_view deferred_frame(std::string_view value) noexcept {
  if (value.size() < kDeferredHeaderBytes) return {};
  const auto frame = value.substr(kDeferredHeaderBytes);
  return whole_frames(frame, 1) ? frame : std::string_view();
}

std::optional<DeferredTarget> deferred_target(std::string_view value) noexcept {
  if (value.size() < kDeferredHeaderBytes || value[0] != kDeferredVersion) return std::nullopt;
  return DeferredTarget{load_be32(value.data() + 4), load_be64(value.data() + 8)};
}

std::string encode_topic(const TopicImage& image) {
  nlohmann::ordered_json json;
  json["name"] = image.name;
  json["durability"] = to_string(image.durability);
  json["paused"] = image.paused;
  json["last_channel"] = image.last_channel;
  json["channels"] = nlohmann::ordered_json::array();
  for (const auto& channel : image.channels) {
    nlohmann::ordered_json each;
    each["id"] = channel.id;
    each["name"] = channel.name;
    each["paused"] = channel.paused;
    json["channels"].push_back(std::move(each));
  }
  return json.dump();
}

std::string encode_cursors(const TopicImage& image, Offset trimmed) {
  RecordWriter out;
  out.u8(kCursorVersion);
  out.u64(trimmed);
  out.u64(image.next_offset);
  out.u64(image.committed);
  out.u64(image.far_deferred);
  out.u64(image.id_unit);
  put_cursor(out, image.held);
  put_ranges(out, image.dropped);
  out.u32(static_cast<std::uint32_t>(image.channels.size()));
  for (const auto& channel : image.channels) {
    out.u32(channel.id);
    put_cursor(out, channel.cursor);
  }
  return out.take();
}

Result<Stored> decode_topic(std::uint32_t id, std::string_view topic,
                            std::optional<std::string_view> cursors) {
  Stored stored;
  stored.image.id = id;
  try {
    if (!read_topic(nlohmann::json::parse(topic), stored.image)) {
      return fail(Errc::storage_failed, fmt::format("topic {}: unknown durability", id));
    }
  } catch (const nlohmann::json::exception& e) {
    return fail(Errc::storage_failed, fmt::format("topic {}: bad record - {}", id, e.what()));
  }
  if (cursors && !read_cursors(*cursors, stored)) {
    return fail(Errc::storage_failed, fmt::format("topic {}: bad cursors", id));
  }
  return stored;
}

}  // namespace nsqd::schema
