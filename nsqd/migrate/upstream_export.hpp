#pragma once

#include <cstdint>
#include <filesystem>

#include "common/base/log.hpp"
#include "common/base/result.hpp"
#include "nsqd/migrate/progress.hpp"
#include "nsqd/storage/database.hpp"

namespace nsqd::migrate {

struct ExportConfig {
  DatabaseConfig database;
  std::filesystem::path to;              ///< an existing folder without any data of upstream
  std::uint64_t max_bytes_per_file = 0;  ///< --max-bytes-per-file
};

struct ExportSummary {
  std::size_t topics = 0;
  std::size_t channels = 0;
  std::uint64_t messages = 0;  ///< each once for every channel that has it
  std::uint64_t bytes = 0;     ///< of their bodies
  std::uint64_t deferred = 0;  ///< those among them that were not due yet
  std::uint64_t corrupt = 0;   ///< stretches of the log that could not be read, and are missing
};

/// Writes the reverse of an import: a data path that an upstream nsqd 1.x serves, with all topics
/// and channels, pause states, and every message that is not acknowledged, with id, timestamp and
/// attempts. Upstream's files know no due times: what is deferred becomes deliverable at once.
///
/// The database is only read; no nsqd may have it open. `nsqd.dat` is written last, so that what
/// was interrupted is no data path: empty the folder and begin again. Memory is bounded by the
/// largest message and some MB.
///
/// @param log   is told of what cannot be read.
/// @param tell  is told of the progress.
/// @return what was written. Errors are complete sentences.
nsq::Result<ExportSummary> export_upstream(const ExportConfig& config, const nsq::Logger& log,
                                           Progress::Tell tell);

}  // namespace nsqd::migrate
