#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "nsqd/storage/database.hpp"
#include "nsqd/storage/recovery.hpp"

namespace nsqd {

/// A topic as the disk has it.
struct TopicReport {
  TopicImage image;
  Offset trimmed = 0;  ///< the log below is deleted
  /// About so many bytes in files and in the write-ahead log, deleted ones that still take room
  /// included.
  std::uint64_t log_bytes = 0;
  std::uint64_t deferred_bytes = 0;
};

/// What there is to say of a stopped data path.
struct DatabaseReport {
  std::string folder;
  std::string version;  ///< of the format
  bool clean = false;   ///< stopped in order
  /// An import was interrupted: in this stage.
  std::optional<ImportMark::Stage> import;
  std::uint64_t disk_bytes = 0;  ///< of all files
  std::vector<TopicReport> topics;
};

/// Looks at a database that no nsqd has open, without changing anything. After a crash it shows
/// what a start would find: the end of the log behind the last cursors is read.
nsq::Result<DatabaseReport> inspect(const DatabaseConfig& config);

/// The report as a table for people, lines ended by a newline.
std::string format_report(const DatabaseReport& report);

/// `512 B`, `1.5 KiB`, `20.0 GiB`.
std::string format_bytes(std::uint64_t bytes);

}  // namespace nsqd
