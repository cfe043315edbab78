#include "nsqd/migrate/upstream_import.hpp"

#include <chrono>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <rocksdb/convenience.h>

#include "nsqd/migrate/import_plan.hpp"
#include "nsqd/migrate/import_writer.hpp"
#include "nsqd/migrate/progress.hpp"
#include "nsqd/storage/inspect.hpp"
#include "nsqd/storage/recovery.hpp"
#include "nsqd/storage/scan.hpp"
#include "nsqd/upstream/data_path.hpp"
#include "nsqd/upstream/disk_queue_reader.hpp"

namespace nsqd::migrate {

using namespace nsq;

namespace {

std::unexpected<Error> failed(const rocksdb::Status& status) {
  return fail(Errc::storage_failed, status.ToString());
}

std::string directory_of(const ImportConfig& config) {
  return config.database.data_path.empty() ? "." : config.database.data_path;
}

Result<std::optional<ImportMark>> read_mark(const Database& database) {
  const Database::Access access(database);
  return read_import_mark(*access.db(), database);
}

Result<void> write_synced(Database& database, rocksdb::WriteBatch& batch) {
  auto status = database.write(batch, true);
  if (status.ok()) status = database.sync();
  if (!status.ok()) return failed(status);
  return {};
}

void put(rocksdb::WriteBatch& batch, const Database& database, Family family, rocksdb::Slice key,
         const std::string& value) {
  batch.Put(database.family(family), key, value).PermitUncheckedError();
}

/// One import, from the mark that it has begun to the one that it is committed.
class Import {
 public:
  Import(Database& database, upstream::DataPath found, const ImportConfig& config,
         const Logger& log)
      : database_(database),
        found_(std::move(found)),
        config_(config),
        log_(log),
        writer_(database, config.batch_bytes),
        progress_([&log](const std::string& line) { log.info("{}", line); }) {}

  Result<void> run(std::vector<schema::Stored> topics) {
    plan_ = plan_import(found_.metadata, std::move(topics), config_.durability);
    log_.info("IMPORT: {} topics and {} queues of upstream", plan_.topics.size(),
              found_.queues.size());
    for (const auto& note : plan_.notes) log_.warn("IMPORT: {}", note);
    for (const auto& files : found_.unlisted) {
      log_.warn("IMPORT: {} is not in nsqd.dat, or ephemeral: its files are left alone",
                files.name.str());
    }
    if (auto begun = begin(); !begun) return begun;
    for (auto& topic : plan_.topics) {
      if (auto copied = copy_topic(topic); !copied) return copied;
    }
    if (auto flushed = writer_.flush(); !flushed) return flushed;
    return commit();
  }

 private:
  Result<void> begin() {
    rocksdb::WriteBatch batch;
    put(batch, database_, Family::meta, kImportKey,
        encode_import_mark({ImportMark::Stage::begun, plan_.places}));
    if (auto written = write_synced(database_, batch); !written) return written;
    // Recovery has deleted what an earlier attempt left; its files need not wait for compaction.
    const auto first = schema::topic_bytes(plan_.first_new);
    const auto first_slice = slice(first);
    const Database::Access access(database_);
    rocksdb::DeleteFilesInRange(access.db(), database_.family(Family::log), &first_slice, nullptr)
        .PermitUncheckedError();
    return {};
  }

  Result<void> copy_topic(ImportedTopic& topic) {
    const auto name = wire::TopicName::parse(topic.image().name);
    if (!name) return std::unexpected(name.error());
    for (const auto& channel : topic.image().channels) {
      const auto channel_name = wire::ChannelName::parse(channel.name);
      if (!channel_name) return std::unexpected(channel_name.error());
      if (auto copied = copy_queue(topic, channel.id, {*name, *channel_name}); !copied) {
        return copied;
      }
    }
    // What the channels did not get yet is younger than all that they have.
    if (auto copied = copy_queue(topic, 0, {*name, std::nullopt}); !copied) return copied;
    topic.finish();
    return {};
  }

  Result<void> copy_queue(ImportedTopic& topic, ChannelId channel,
                          const upstream::QueueName& name) {
    const auto* files = found_.find(name);
    if (!files) return {};
    auto reader =
        upstream::DiskQueueReader::open(*files, {.max_body_bytes = config_.max_body_bytes});
    if (!reader) return std::unexpected(std::move(reader.error()));
    writer_.begin(topic.image().id, channel, topic.image().next_offset);
    for (;;) {
      auto message = reader->next();
      if (!message) return std::unexpected(std::move(message.error()));
      if (!*message) break;
      if (auto added = writer_.add(**message); !added) return added;
      progress_.step([&] { return progress_line(*reader); });
    }
    if (auto ended = writer_.end(); !ended) return ended;
    topic.append(channel, writer_.messages());
    ++queues_;
    messages_ += writer_.messages();
    bytes_ += reader->total_bytes();
    files_ += files->data.size();
    for (const auto& note : reader->notes()) log_.warn("IMPORT: {}", note);
    return {};
  }

  std::string progress_line(const upstream::DiskQueueReader& reader) const {
    return fmt::format("IMPORT: {} messages, {}; queue {} of {}, {}: {} of {}",
                       messages_ + reader.records(), format_bytes(bytes_ + reader.bytes_read()),
                       queues_ + 1, found_.queues.size(), reader.name().str(),
                       format_bytes(reader.bytes_read()), format_bytes(reader.total_bytes()));
  }

  Result<void> commit() {
    rocksdb::WriteBatch batch;
    for (const auto& topic : plan_.topics) {
      const TopicImage& image = topic.image();
      put(batch, database_, Family::meta, schema::topic_key(image.id), schema::encode_topic(image));
      put(batch, database_, Family::cursor, slice(schema::topic_bytes(image.id)),
          schema::encode_cursors(image, topic.trimmed()));
    }
    put(batch, database_, Family::meta, kImportKey,
        encode_import_mark({ImportMark::Stage::committed, {}}));
    if (auto written = write_synced(database_, batch); !written) return written;
    if (writer_.renamed() > 0) {
      log_.warn("IMPORT: {} messages had ids that are not 16 hex digits, and got others",
                writer_.renamed());
    }
    log_.info("IMPORT: done: {} messages, {}, {} queues, {} data files", messages_,
              format_bytes(bytes_), queues_, files_);
    return {};
  }

  Database& database_;
  const upstream::DataPath found_;
  const ImportConfig& config_;
  const Logger& log_;
  ImportPlan plan_;
  ImportWriter writer_;
  Progress progress_;
  std::size_t queues_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
  std::size_t files_ = 0;
};

Result<void> import_into(Database& database, const ImportConfig& config, const Logger& log) {
  auto found = upstream::scan_data_path(directory_of(config));
  if (!found) return std::unexpected(std::move(found.error()));
  CorruptStretches corrupt(log);
  auto topics = recover(database, corrupt);
  if (!topics) return std::unexpected(std::move(topics.error()));
  return Import(database, std::move(*found), config, log).run(std::move(*topics));
}

/// What is left to do after the commit.
Result<void> put_aside(Database& database, const ImportConfig& config, const Logger& log) {
  const auto folder =
      upstream::rename_imported(directory_of(config), std::chrono::system_clock::now());
  if (!folder) return std::unexpected(folder.error());
  if (*folder) log.info("IMPORT: upstream's files are in {} now", (*folder)->native());
  rocksdb::WriteBatch batch;
  batch.Delete(database.family(Family::meta), rocksdb::Slice(kImportKey)).PermitUncheckedError();
  return write_synced(database, batch);
}

Error explained(const Error& error, std::string_view what) {
  return {error.code, fmt::format("{}: {}", what, error.text())};
}

}  // namespace

Result<void> import_upstream(const ImportConfig& config, const Logger& log) {
  const auto there = upstream::has_upstream_data(directory_of(config));
  if (!there) return std::unexpected(there.error());
  if (!*there) return {};
  Health health;
  Database database(config.database, health, log);
  if (auto opened = database.open(); !opened) return opened;
  const auto mark = read_mark(database);
  if (!mark) return std::unexpected(mark.error());
  if (!*mark || (*mark)->stage != ImportMark::Stage::committed) {
    if (auto imported = import_into(database, config, log); !imported) {
      return std::unexpected(
          explained(imported.error(),
                    "importing upstream's data (its files are unchanged, the next start begins "
                    "anew)"));
    }
  }
  if (auto moved = put_aside(database, config, log); !moved) {
    return std::unexpected(
        explained(moved.error(),
                  "moving upstream's files aside (they are imported, the next start goes on)"));
  }
  return {};
}

}  // namespace nsqd::migrate
