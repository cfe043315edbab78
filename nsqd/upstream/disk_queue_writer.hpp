#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "common/base/result.hpp"
#include "common/wire/message.hpp"
#include "nsqd/upstream/file.hpp"
#include "nsqd/upstream/queue_files.hpp"

namespace nsqd::upstream {

/// Upstream's default for `--max-bytes-per-file`.
inline constexpr std::uint64_t kMaxBytesPerFile = 100U << 20;

/// Writes a disk queue that upstream nsqd opens and delivers, from file 0 on.
///
/// The meta file comes last, in close(): what was not closed is no queue to upstream. After an
/// error only destruction makes sense. Files are left as they are then. Holds 256 KiB, or the
/// largest record if that is more. One thread at a time. Source: spec/nsqd.md 5.11.
class DiskQueueWriter {
 public:
  /// @param directory  an existing folder; an error if it holds files of this queue.
  /// @param name       not ephemeral: upstream keeps no files for these.
  /// @param max_bytes_per_file  a file is ended before it would grow beyond; a larger record gets a
  ///                   file of its own.
  static nsq::Result<DiskQueueWriter> create(const std::filesystem::path& directory, QueueName name,
                                             std::uint64_t max_bytes_per_file = kMaxBytesPerFile);

  /// Adds a record. Upstream delivers it with one attempt more than `message.attempts`, and only if
  /// its --max-msg-size allows the body. Errc::out_of_range if the format has no room for it.
  nsq::Result<void> write(const nsq::wire::MessageView& message);

  /// Makes the queue complete and lasting, also when it is empty. Once, as the last call.
  nsq::Result<void> close();

  std::uint64_t records() const noexcept { return static_cast<std::uint64_t>(positions_.depth); }

 private:
  DiskQueueWriter(std::filesystem::path directory, QueueName name, std::uint64_t max_bytes_per_file)
      : directory_(std::move(directory)),
        name_(std::move(name)),
        max_bytes_per_file_(max_bytes_per_file) {}

  nsq::Result<void> make_room(std::uint64_t record_bytes);
  nsq::Result<void> flush();
  nsq::Result<void> end_file();

  std::filesystem::path directory_;
  QueueName name_;
  std::uint64_t max_bytes_per_file_;
  Positions positions_;
  std::optional<File> file_;
  std::string buffer_;  // the end of the file, not yet written
};

}  // namespace nsqd::upstream
