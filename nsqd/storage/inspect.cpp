#include "nsqd/storage/inspect.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "nsqd/storage/health.hpp"
#include "nsqd/storage/scan.hpp"
#include "nsqd/storage/schema.hpp"

namespace nsqd {

using namespace nsq;

namespace {

namespace fs = std::filesystem;

Result<std::uint64_t> bytes_of(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                               std::uint32_t topic) {
  const auto begin = schema::topic_bytes(topic);
  const auto end = schema::topic_bytes(topic + 1);
  const rocksdb::Range range(slice(begin), slice(end));
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  options.include_files = true;
  std::uint64_t bytes = 0;
  const auto status = db.GetApproximateSizes(options, family, &range, 1, &bytes);
  if (!status.ok()) return nsq::fail(Errc::storage_failed, status.ToString());
  return bytes;
}

Result<std::uint64_t> bytes_in(const std::string& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code gone;
    if (at->is_regular_file(gone)) bytes += at->file_size(error);
  }
  if (error) return nsq::fail(Errc::storage_failed, folder + ": " + error.message());
  return bytes;
}

Result<TopicReport> report_of(const Database& database, const schema::Stored& stored) {
  const Database::Access access(database);
  const auto log = bytes_of(*access.db(), database.family(Family::log), stored.image.id);
  if (!log) return std::unexpected(log.error());
  const auto deferred = bytes_of(*access.db(), database.family(Family::deferred), stored.image.id);
  if (!deferred) return std::unexpected(deferred.error());
  return TopicReport{stored.image, stored.trimmed, *log, *deferred};
}

// --- the table ---

enum Column : std::size_t {
  kName,
  kState,
  kDurability,
  kDepth,
  kDeferred,
  kFloor,
  kEnd,
  kTrimmed,
  kLogSize,
  kDeferredSize,
  kColumns
};
using Row = std::array<std::string, kColumns>;

Row header() {
  return {"TOPIC / CHANNEL", "STATE", "DURABILITY", "DEPTH",    "DEFERRED",
          "FLOOR",           "END",   "TRIMMED",    "LOG SIZE", "DEFERRED SIZE"};
}

std::uint64_t depth(const Cursor& cursor) {
  std::uint64_t depth = 0;
  for (const LogRange& range : cursor.unacked) depth += range.count;
  return depth;
}

void fill_cursor(Row& row, const Cursor& cursor) {
  row[kDepth] = fmt::to_string(depth(cursor));
  row[kDeferred] = fmt::to_string(cursor.deferred);
}

Row topic_row(const TopicReport& report) {
  const TopicImage& image = report.image;
  Row row;
  row[kName] = image.name;
  row[kState] = image.paused ? "paused" : "";
  row[kDurability] = to_string(image.durability);
  fill_cursor(row, image.held);
  row[kFloor] = fmt::to_string(image.floor());
  row[kEnd] = fmt::to_string(image.next_offset);
  row[kTrimmed] = fmt::to_string(report.trimmed);
  row[kLogSize] = format_bytes(report.log_bytes);
  row[kDeferredSize] = format_bytes(report.deferred_bytes);
  return row;
}

Row channel_row(const ChannelImage& channel) {
  Row row;
  row[kName] = "  " + channel.name;
  row[kState] = channel.paused ? "paused" : "";
  fill_cursor(row, channel.cursor);
  row[kFloor] = fmt::to_string(channel.cursor.floor());
  row[kEnd] = fmt::to_string(channel.cursor.end);
  return row;
}

std::string format_table(const std::vector<Row>& rows) {
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < kColumns; ++i) {
      // Words to the left, numbers to the right.
      line += i < kDepth ? fmt::format("{:<{}}  ", row[i], widths[i])
                         : fmt::format("{:>{}}  ", row[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string_view describe(const DatabaseReport& report) {
  if (report.import == ImportMark::Stage::begun) return "stopped while importing (begins anew)";
  if (report.import) return "stopped after importing, before the files were moved";
  return report.clean ? "stopped cleanly" : "in use or crashed";
}

}  // namespace

Result<DatabaseReport> inspect(const DatabaseConfig& config) {
  Health health;
  Database database(config, health, Logger());
  if (auto opened = database.open_read_only(); !opened) return std::unexpected(opened.error());
  CorruptStretches corrupt{Logger()};
  const auto state = read_state(database, corrupt);
  if (!state) return std::unexpected(state.error());
  DatabaseReport report;
  report.folder = Database::folder(config.data_path);
  report.version = schema::kVersion;  // another is not opened
  report.clean = state->clean;
  if (state->import) report.import = state->import->stage;
  const auto disk_bytes = bytes_in(report.folder);
  if (!disk_bytes) return std::unexpected(disk_bytes.error());
  report.disk_bytes = *disk_bytes;
  for (const auto& stored : state->topics) {
    auto topic = report_of(database, stored);
    if (!topic) return std::unexpected(std::move(topic.error()));
    report.topics.push_back(std::move(*topic));
  }
  return report;
}

std::string format_report(const DatabaseReport& report) {
  std::string text = fmt::format("{}: format version {}, {}, {} on disk\n", report.folder,
                                 report.version, describe(report), format_bytes(report.disk_bytes));
  if (report.topics.empty()) return text + "no topics\n";
  std::vector<Row> rows{header()};
  for (const TopicReport& topic : report.topics) {
    rows.push_back(topic_row(topic));
    for (const ChannelImage& channel : topic.image.channels) rows.push_back(channel_row(channel));
  }
  return text + '\n' + format_table(rows);
}

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB"};
  double amount = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < kUnits.size(); ++unit) amount /= 1024;
  return fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

}  // namespace nsqd
