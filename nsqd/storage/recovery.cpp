#include "nsqd/storage/recovery.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <rocksdb/iterator.h>

#include "common/wire/message.hpp"
#include "nsqd/queue/frame.hpp"
#include "nsqd/storage/scan.hpp"

namespace nsqd {

using namespace nsq;

namespace {

std::unexpected<Error> failed(const rocksdb::Status& status) {
  return nsq::fail(Errc::storage_failed, status.ToString());
}

bool holds(const TopicImage& image, Offset born) {
  return (image.paused || image.channels.empty()) && born >= image.held.start;
}

/// The range that holds what was dropped at `born`, or null.
const LogRange* dropped_at(const TopicImage& image, Offset born) {
  const auto found =
      std::find_if(image.dropped.begin(), image.dropped.end(),
                   [&](const LogRange& range) { return born >= range.begin && born < range.end; });
  return found == image.dropped.end() ? nullptr : &*found;
}

/// Gives messages that were not deferred to those they are for. A channel may begin, or the topic
/// begin to hold messages, in the midst of them.
void hand_out_plain(TopicImage& image, Offset first, Offset end, std::uint16_t attempts) {
  const bool holding = image.paused || image.channels.empty();
  const Offset held = holding ? std::clamp(image.held.start, first, end) : end;
  const auto give = [&](Cursor& cursor, Offset from, Offset to) {
    from = std::max(from, cursor.end);
    if (from < to) cursor.unacked.push_back({from, to, to - from, attempts});
  };
  give(image.held, held, end);
  for (auto& channel : image.channels) {
    give(channel.cursor, std::max(first, channel.cursor.start), held);
  }
}

/// The same without what was dropped.
void hand_out_wanted(TopicImage& image, Offset first, Offset end, std::uint16_t attempts) {
  while (first < end) {
    if (const LogRange* dropped = dropped_at(image, first)) {
      first = dropped->end;
      continue;
    }
    Offset next = end;
    for (const LogRange& range : image.dropped) {
      if (range.begin > first) next = std::min(next, range.begin);
    }
    hand_out_plain(image, first, next, attempts);
    first = next;
  }
}

/// Gives a chunk that no cursor knows of to those it is for.
void hand_out(TopicImage& image, Offset first, const schema::ChunkHeader& header) {
  if (header.channel == 0 && header.born == first) {
    hand_out_wanted(image, first, first + header.count, header.attempts);
    return;
  }
  if (header.channel == 0 && dropped_at(image, header.born)) return;
  const LogRange range{first, first + header.count, header.count, header.attempts};
  if (header.channel == 0 && holds(image, header.born)) {
    if (first >= image.held.end) image.held.unacked.push_back(range);
    return;
  }
  for (auto& channel : image.channels) {
    if (header.channel != 0 && header.channel != channel.id) continue;
    const bool own = header.channel != 0;
    if (!channel.cursor.wants(header.born, own) || first < channel.cursor.end) continue;
    channel.cursor.unacked.push_back(range);
  }
}

/// Places of messages that were deferred by a consumer since: a cursor that has them there is older
/// than the deferral.
using OldPlaces = std::map<ChannelId, std::vector<Offset>>;

void note_homes(const schema::Chunk& chunk, OldPlaces& old) {
  if (!chunk.header.homes) return;
  for (std::uint32_t i = 0; i < chunk.header.count; ++i) {
    if (chunk.home(i) != kNowhere) old[chunk.header.channel].push_back(chunk.home(i));
  }
}

/// No later message may have one of these ids again.
void note_ids(TopicImage& image, std::string_view frames) {
  while (!frames.empty()) {
    const auto id = wire::id_from_hex(frames.data() + kFrameIdAt);
    if (id) image.id_unit = std::max(image.id_unit, IdGenerator::unit_of(*id));
    frames.remove_prefix(frame_bytes(frames.data()));
  }
}

/// Reads the log behind what the cursors know, up to `limit`.
Result<void> scan_tail(rocksdb::DB& db, const Database& database, TopicImage& image, Offset limit,
                       OldPlaces& old, CorruptStretches& corrupt) {
  const TopicRange tail{Family::log, image.id, image.committed, limit};
  const auto status =
      walk(database, db, tail, corrupt, [&](std::string_view key, std::string_view value) {
        const Offset first = schema::offset_of(key);
        const auto chunk = schema::parse_chunk(value);
        if (!chunk) {
          corrupt.report_value(image.id, first, kNoChunk);
          // Its place stays taken: what is written there would be mistaken for it.
          image.next_offset = std::max(image.next_offset, first + 1);
          return first + 1;
        }
        hand_out(image, first, chunk->header);
        note_homes(*chunk, old);
        note_ids(image, chunk->frames);
        const Offset end = first + chunk->header.count;
        image.next_offset = std::max(image.next_offset, end);
        return end;
      });
  if (!status.ok()) return failed(status);
  image.committed = image.next_offset;
  image.held.end = image.next_offset;
  image.held.unacked = merged(std::move(image.held.unacked));
  for (auto& channel : image.channels) {
    channel.cursor.end = image.next_offset;
    channel.cursor.unacked = merged(std::move(channel.cursor.unacked));
  }
  return {};
}

/// Counts one deferred message for those who will get it.
void count_deferred(TopicImage& image, Offset number, ChannelId target) {
  ++image.far_deferred;
  if (takes_deferred(image, nullptr, number, target)) ++image.held.deferred;
  for (auto& channel : image.channels) {
    if (takes_deferred(image, &channel, number, target)) ++channel.cursor.deferred;
  }
}

Result<void> recount_deferred(rocksdb::DB& db, const Database& database, TopicImage& image,
                              OldPlaces& old, CorruptStretches& corrupt) {
  image.far_deferred = 0;
  image.held.deferred = 0;
  for (auto& channel : image.channels) channel.cursor.deferred = 0;
  const TopicRange all{Family::deferred, image.id};
  const auto status =
      walk(database, db, all, corrupt, [&](std::string_view key, std::string_view value) {
        const auto target = schema::deferred_target(value);
        const Offset number = schema::due_point_of(key).number;
        if (target) {
          count_deferred(image, number, target->channel);
          if (target->home != kNowhere) old[target->channel].push_back(target->home);
          note_ids(image, schema::deferred_frame(value));
        }
        image.next_offset = std::max(image.next_offset, number + 1);
        return schema::due_place(schema::due_point_of(key).due) + 1;
      });
  if (!status.ok()) return failed(status);
  return {};
}

/// How many messages of the channel the log holds at [begin, end). What it cannot read it leaves
/// out, as who reads on will.
std::uint64_t count_in_log(rocksdb::DB& db, const Database& database, std::uint32_t topic,
                           const ChannelImage& channel, Offset begin, Offset end) {
  const Offset reach = std::min<Offset>(begin, schema::kMaxChunkMessages);
  const auto lower = schema::log_key(topic, begin - reach);
  const Scan it(database, db, Family::log, lower, schema::log_key(topic, end));
  std::uint64_t count = 0;
  for (it->Seek(slice(lower)); it->Valid(); it->Next()) {
    const auto chunk = schema::parse_chunk(it->value().ToStringView());
    if (!chunk) continue;
    count +=
        schema::part_for(channel.id, channel.cursor.start,
                         schema::offset_of(it->key().ToStringView()), chunk->header, begin, end)
            .size();
  }
  return count;
}

/// After a crash: what happened since the cursors were written.
Result<void> catch_up(rocksdb::DB& db, const Database& database, TopicImage& image, Offset limit,
                      CorruptStretches& corrupt) {
  OldPlaces old;
  if (auto scanned = scan_tail(db, database, image, limit, old, corrupt); !scanned) return scanned;
  if (auto counted = recount_deferred(db, database, image, old, corrupt); !counted) return counted;
  for (auto& channel : image.channels) {
    const auto places = old.find(channel.id);
    if (places == old.end()) continue;
    channel.cursor.unacked =
        without(std::move(channel.cursor.unacked), std::move(places->second),
                [&](Offset begin, Offset end) {
                  return count_in_log(db, database, image.id, channel, begin, end);
                });
  }
  return {};
}

/// What commits that came after their topic's deletion left behind.
void remove_orphans(rocksdb::DB& db, const Database& database,
                    const std::vector<schema::Stored>& topics, rocksdb::WriteBatch& batch) {
  for (const Family family : {Family::log, Family::deferred, Family::cursor}) {
    std::uint32_t next = 0;
    const auto clear = [&](std::uint32_t end) {
      const auto lower = schema::topic_bytes(next);
      const auto upper = schema::topic_bytes(end);
      const Scan it(database, db, family, lower, upper);
      it->Seek(slice(lower));
      if (it->Valid()) {
        batch.DeleteRange(database.family(family), slice(lower), slice(upper))
            .PermitUncheckedError();
      }
      next = end + 1;
    };
    for (const auto& topic : topics) clear(topic.image.id);
    clear(UINT32_MAX);
  }
}

/// What an interrupted import added to topics that were there; topics of its own are orphans.
void remove_imported(const Database& database, const ImportMark& mark, rocksdb::WriteBatch& batch) {
  if (mark.stage != ImportMark::Stage::begun) return;
  for (const auto& [topic, begin] : mark.places) {
    const auto lower = schema::log_key(topic, begin);
    const auto upper = schema::topic_bytes(topic + 1);
    batch.DeleteRange(database.family(Family::log), slice(lower), slice(upper))
        .PermitUncheckedError();
  }
}

/// @param lost  gets the topics of which the cursors cannot be read: they begin anew, with all that
///              their logs have.
Result<std::vector<schema::Stored>> read_topics(rocksdb::DB& db, const Database& database,
                                                CorruptStretches& corrupt,
                                                std::set<std::uint32_t>& lost) {
  const rocksdb::Slice prefix(schema::kTopicPrefix);
  const std::unique_ptr<rocksdb::Iterator> it(
      db.NewIterator(rocksdb::ReadOptions(), database.family(Family::meta)));
  std::vector<schema::Stored> topics;
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    const auto id = schema::parse_topic_key(it->key().ToStringView());
    if (!id) continue;
    std::string cursors;
    const auto key = schema::topic_bytes(*id);
    const auto status =
        db.Get(rocksdb::ReadOptions(), database.family(Family::cursor), slice(key), &cursors);
    if (status.IsCorruption()) {
      corrupt.report_table(*id, status);
      lost.insert(*id);
    } else if (!status.ok() && !status.IsNotFound()) {
      return failed(status);
    }
    auto stored =
        schema::decode_topic(*id, it->value().ToStringView(),
                             status.ok() ? std::optional<std::string_view>(cursors) : std::nullopt);
    if (!stored) return std::unexpected(std::move(stored.error()));
    topics.push_back(std::move(*stored));
  }
  if (!it->status().ok()) return failed(it->status());
  return topics;
}

Result<bool> was_clean(rocksdb::DB& db, const Database& database) {
  std::string ignored;
  const auto status = db.Get(rocksdb::ReadOptions(), database.family(Family::meta),
                             rocksdb::Slice(schema::kCleanKey), &ignored);
  if (!status.ok() && !status.IsNotFound()) return failed(status);
  return status.ok();
}

/// Where the log of the topic ends: in front of what an interrupted import added.
Offset log_limit(const std::optional<ImportMark>& mark, std::uint32_t topic) {
  if (mark && mark->stage == ImportMark::Stage::begun) {
    for (const auto& place : mark->places) {
      if (place.topic == topic) return place.begin;
    }
  }
  return std::numeric_limits<Offset>::max();
}

}  // namespace

bool takes_deferred(const TopicImage& image, const ChannelImage* channel, Offset number,
                    ChannelId target) noexcept {
  if (target != 0) {
    return channel && channel->id == target && channel->cursor.wants(number, true);
  }
  if (dropped_at(image, number)) return false;
  if (holds(image, number)) return channel == nullptr;
  return channel && channel->cursor.wants(number, false);
}

Result<Recovered> read_state(const Database& database, CorruptStretches& corrupt) {
  const Database::Access access(database);
  rocksdb::DB& db = *access.db();
  Recovered state;
  std::set<std::uint32_t> lost;
  auto topics = read_topics(db, database, corrupt, lost);
  if (!topics) return std::unexpected(std::move(topics.error()));
  state.topics = std::move(*topics);
  const auto clean = was_clean(db, database);
  if (!clean) return std::unexpected(clean.error());
  state.clean = *clean;
  auto mark = read_import_mark(db, database);
  if (!mark) return std::unexpected(std::move(mark.error()));
  state.import = std::move(*mark);
  for (auto& [image, trimmed] : state.topics) {
    if (state.clean && !lost.contains(image.id)) continue;
    const Offset limit = log_limit(state.import, image.id);
    if (auto caught_up = catch_up(db, database, image, limit, corrupt); !caught_up) {
      return std::unexpected(std::move(caught_up.error()));
    }
  }
  return state;
}

Result<std::vector<schema::Stored>> recover(Database& database, CorruptStretches& corrupt) {
  auto state = read_state(database, corrupt);
  if (!state) return std::unexpected(std::move(state.error()));
  const Database::Access access(database);
  rocksdb::DB& db = *access.db();
  auto* meta = database.family(Family::meta);
  rocksdb::WriteBatch batch;
  remove_orphans(db, database, state->topics, batch);
  if (state->import) {
    remove_imported(database, *state->import, batch);
    batch.Delete(meta, rocksdb::Slice(kImportKey)).PermitUncheckedError();
  }
  if (state->clean) batch.Delete(meta, rocksdb::Slice(schema::kCleanKey)).PermitUncheckedError();
  if (batch.Count() == 0) return std::move(state->topics);
  const auto status = db.Write(rocksdb::WriteOptions(), &batch);
  if (!status.ok()) return failed(status);
  return std::move(state->topics);
}

}  // namespace nsqd
