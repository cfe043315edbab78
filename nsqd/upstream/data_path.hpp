#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "nsqd/upstream/metadata.hpp"
#include "nsqd/upstream/queue_files.hpp"

namespace nsqd::upstream {

/// What an upstream nsqd left in a folder. Values: later changes of the folder do not show.
struct DataPath {
  Metadata metadata;
  /// The queues of the topics and channels of `metadata` that have files, ordered by name.
  std::vector<QueueFiles> queues{};
  /// Queues with files whose topic or channel is not in `nsqd.dat`, or is ephemeral. Upstream does
  /// not read them; they are for the log, and to be left alone.
  std::vector<QueueFiles> unlisted{};
  /// `nsqd.dat.<number>.tmp`, left by interrupted writes.
  std::vector<std::string> temporary{};

  /// The one of `queues` that holds a topic's own messages, or those of a channel; null if it has
  /// no files. Valid as long as `queues` is not changed.
  const QueueFiles* find(const QueueName& name) const;
};

/// Whether `directory` is the data path of an upstream nsqd: it holds an `nsqd.dat`. Queue files
/// without one do not count, since upstream does not read them either.
nsq::Result<bool> has_upstream_data(const std::filesystem::path& directory);

/// Looks through `directory`, not into folders below it. Data files are not opened.
/// Errors: those of read_metadata, or the folder cannot be listed.
nsq::Result<DataPath> scan_data_path(const std::filesystem::path& directory);

/// Moves what scan_data_path found, but for `unlisted`, to a folder `imported-by-nsqd-<time>` below
/// `directory`, under the same names, so that moving it back undoes it. `nsqd.dat` goes last:
/// interrupted or failed, has_upstream_data() still holds and calling it again moves the rest to
/// the same folder. So a caller remembers, together with what it imported, that the import is done,
/// and does not import again as long as has_upstream_data() holds, but calls this.
///
/// @param now  names the folder (UTC, `20260131T235959Z`).
/// @return the folder, lasting; or nothing if there is no `nsqd.dat`.
nsq::Result<std::optional<std::filesystem::path>> rename_imported(
    const std::filesystem::path& directory, std::chrono::system_clock::time_point now);

}  // namespace nsqd::upstream
