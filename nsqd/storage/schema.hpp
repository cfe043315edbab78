#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "nsqd/queue/topic.hpp"

namespace nsqd::schema {

// What is written to the disk, byte by byte: docs/storage.md. All integers are big-endian, so that
// keys sort by number and time. Nothing here touches the disk.

/// The version of the format. Another one on the disk is refused.
inline constexpr std::string_view kVersion = "1";

// Keys of the family "meta".
inline constexpr std::string_view kVersionKey = "version";
inline constexpr std::string_view kCleanKey = "clean";  ///< exists after an orderly shutdown
inline constexpr std::string_view kTopicPrefix = "topic/";
std::string topic_key(std::uint32_t topic);
std::optional<std::uint32_t> parse_topic_key(std::string_view key);

/// A key of the families "log" (place: the first offset) and "cursor" (no place).
using TopicBytes = std::array<char, 4>;
using LogKey = std::array<char, 12>;
TopicBytes topic_bytes(std::uint32_t topic) noexcept;
LogKey log_key(std::uint32_t topic, Offset first) noexcept;
/// The first offset in a key of the family "log".
Offset offset_of(std::string_view log_key) noexcept;
std::uint32_t topic_of(std::string_view key) noexcept;

/// A key of the family "deferred".
using DeferredKey = std::array<char, 20>;
DeferredKey deferred_key(std::uint32_t topic, DuePoint at) noexcept;
DuePoint due_point_of(std::string_view deferred_key) noexcept;
/// A due time as it is in a key.
std::uint64_t due_place(std::int64_t due) noexcept;

/// A chunk: consecutive messages, as whole message frames, behind a header. Behind the frames may
/// stand the messages' homes (Audience::homes), 8 bytes each.
struct ChunkHeader {
  bool homes = false;
  std::uint16_t attempts = 0;
  std::uint32_t count = 0;
  ChannelId channel = 0;  ///< as Audience::channel
  Offset born = 0;        ///< as Audience::born, never left out
};
inline constexpr std::size_t kChunkHeaderBytes = 20;
/// Bounds of a chunk. A message that is larger alone makes a chunk alone.
inline constexpr std::uint32_t kMaxChunkBytes = 256 * 1024;
inline constexpr std::uint32_t kMaxChunkMessages = 8192;
void write_chunk_header(char* to, const ChunkHeader& header) noexcept;

/// The part, perhaps empty, of the chunk at `first` that is for a channel which starts at `start`,
/// within [begin, end).
struct ChunkPart {
  Offset begin = 0;
  Offset end = 0;

  Offset size() const noexcept { return end - begin; }
};
ChunkPart part_for(ChannelId channel, Offset start, Offset first, const ChunkHeader& header,
                   Offset begin, Offset end) noexcept;

struct Chunk {
  ChunkHeader header;
  std::string_view frames;
  std::string_view homes;  ///< empty: none

  Offset home(std::uint32_t index) const noexcept;
};
/// Checks that the frames are whole and as many as the header says.
std::optional<Chunk> parse_chunk(std::string_view value) noexcept;

/// A deferred message's value: a header, then its frame.
inline constexpr std::size_t kDeferredHeaderBytes = 16;
void write_deferred_header(char* to, const DeferredMessage& message) noexcept;
/// Copies the frame into a block of its own.
std::optional<DeferredMessage> parse_deferred(std::string_view key, std::string_view value);

/// Its frame; empty if that is not whole.
std::string_view deferred_frame(std::string_view value) noexcept;

/// Only the channel that it is for, and where it was.
struct DeferredTarget {
  ChannelId channel = 0;
  Offset home = kNowhere;
};
std::optional<DeferredTarget> deferred_target(std::string_view value) noexcept;

/// A topic's record in "meta": its name, settings and channels, as JSON.
std::string encode_topic(const TopicImage& image);
/// A topic's record in "cursor": the rest of the image. `trimmed`: the log below is deleted.
std::string encode_cursors(const TopicImage& image, Offset trimmed);

struct Stored {
  TopicImage image;
  Offset trimmed = 0;
};
/// Both together; without cursors (a topic that was just created), all is at the beginning.
nsq::Result<Stored> decode_topic(std::uint32_t id, std::string_view topic,
                                 std::optional<std::string_view> cursors);

}  // namespace nsqd::schema
