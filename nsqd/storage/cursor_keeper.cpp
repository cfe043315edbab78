#include "nsqd/storage/cursor_keeper.hpp"

#include <memory>
#include <utility>

#include <rocksdb/convenience.h>
#include <rocksdb/iterator.h>

#include "nsqd/storage/scan.hpp"
#include "nsqd/storage/schema.hpp"

namespace nsqd {
void CursorKeeper::restore(const TopicImage& image, Offset trimmed) {
  const std::lock_guard lock(mutex_);
  known_[image.id] = {schema::encode_topic(image), trimmed, trimmed};
}

rocksdb::Status CursorKeeper::save(Topic& topic) {
  const std::lock_guard lock(mutex_);
  const TopicImage image = topic.image();
  if (topic.removed()) return rocksdb::Status::OK();
  Known& known = known_[image.id];
  // A clean shutdown may write messages that were in memory only, below what was trimmed before.
  const Offset trimmed =
      trim_to(image.id, std::min(known.trimmed, image.floor()), image.floor(), image.committed);
  auto record = schema::encode_topic(image);
  rocksdb::WriteBatch batch;
  if (!encode(image, record, known, trimmed, batch)) {
    return rocksdb::Status::IOError("the log is closed");
  }
  const auto status = database_.write(batch, true);
  if (!status.ok()) return status;
  known.record = std::move(record);
  known.trimmed = trimmed;
  topic.set_saved();
  return status;
}

bool CursorKeeper::encode(const TopicImage& image, const std::string& record, const Known& known,
                          Offset trimmed, rocksdb::WriteBatch& batch) const {
  const Database::Access access(database_);  // holds the families
  if (!access.db()) return false;
  const auto put = [&](Family family, rocksdb::Slice key, const std::string& value) {
    batch.Put(database_.family(family), key, value).PermitUncheckedError();
  };
  if (record != known.record) put(Family::meta, schema::topic_key(image.id), record);
  put(Family::cursor, slice(schema::topic_bytes(image.id)), schema::encode_cursors(image, trimmed));
  if (trimmed > known.trimmed) {
    const auto begin = schema::log_key(image.id, known.trimmed);
    const auto end = schema::log_key(image.id, trimmed);
    batch.DeleteRange(database_.family(Family::log), slice(begin), slice(end))
        .PermitUncheckedError();
  }
  return true;
}

/// Up to where whole chunks may go. The chunk that holds `floor` stays.
Offset CursorKeeper::trim_to(std::uint32_t topic, Offset trimmed, Offset floor,
                             Offset committed) const {
  if (floor <= trimmed || floor == committed) return floor;
  const Database::Access access(database_);
  if (!access.db()) return trimmed;
  const Offset reach = std::min<Offset>(floor - trimmed, schema::kMaxChunkMessages);
  const Scan it(database_, *access.db(), Family::log, schema::log_key(topic, floor - reach),
                schema::log_key(topic, floor + 1));
  it->SeekToLast();
  if (!it->status().ok()) return trimmed;
  // Without a chunk within reach, `floor` itself is none that is needed.
  return it->Valid() ? schema::offset_of(it->key().ToStringView()) : floor;
}

rocksdb::Status CursorKeeper::remove(const Topic& topic) {
  const std::lock_guard lock(mutex_);
  rocksdb::WriteBatch batch;
  if (!encode_removal(topic.id(), batch)) return rocksdb::Status::IOError("the log is closed");
  known_.erase(topic.id());
  return database_.write(batch, true);
}

bool CursorKeeper::encode_removal(std::uint32_t topic, rocksdb::WriteBatch& batch) const {
  const Database::Access access(database_);
  if (!access.db()) return false;
  const auto begin = schema::topic_bytes(topic);
  const auto end = schema::topic_bytes(topic + 1);
  batch.Delete(database_.family(Family::meta), schema::topic_key(topic)).PermitUncheckedError();
  batch.Delete(database_.family(Family::cursor), slice(begin)).PermitUncheckedError();
  for (const Family family : {Family::log, Family::deferred}) {
    batch.DeleteRange(database_.family(family), slice(begin), slice(end)).PermitUncheckedError();
  }
  return true;
}

void CursorKeeper::release_files() {
  const std::lock_guard lock(mutex_);
  const Database::Access access(database_);
  if (!access.db()) return;
  for (auto& [topic, known] : known_) {
    if (known.released == known.trimmed) continue;
    const auto begin = schema::log_key(topic, 0);
    const auto end = schema::log_key(topic, known.trimmed);
    const auto begin_slice = slice(begin);
    const auto end_slice = slice(end);
    // A file that stays because this failed is found by compaction.
    rocksdb::DeleteFilesInRange(access.db(), database_.family(Family::log), &begin_slice,
                                &end_slice, false)
        .PermitUncheckedError();
    known.released = known.trimmed;
  }
}

}  // namespace nsqd
