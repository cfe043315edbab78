#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.hpp"
#include "common/wire/message.hpp"
#include "nsqd/upstream/data_file_reader.hpp"
#include "nsqd/upstream/queue_files.hpp"

namespace nsqd::upstream {

struct ReadOptions {
  /// `--max-msg-size`: larger messages are passed over, as upstream does.
  std::size_t max_body_bytes = std::size_t{1} << 20;
  /// Whether to read `.bad` files. Upstream makes one of every file that it cannot open or read,
  /// but also of each whose end it reaches at the moment at which its writer turns to the next. So
  /// they can hold messages that were never delivered, and most hold many that were.
  bool bad_files = true;
};

/// Reads one disk queue of upstream, record by record in the order in which it was filled, from
/// where upstream's reader stood to the end of what is there. Nothing is changed on disk.
///
/// It gives what upstream would deliver, and what upstream would lose:
/// - records behind the write position (written, then not synced before a crash);
/// - whole files behind the write position;
/// - without a (usable) meta file, all files from their beginning, where upstream begins afresh;
/// - `.bad` files from their beginning.
///
/// A torn tail or a bad size ends its file, not the queue: reading goes on with the next file, and
/// notes() says what was skipped. An error is one of the system's (no permission, an I/O error) and
/// names the file; nothing can be read after one.
///
/// Holds what DataFileReader holds. One thread at a time. Source: spec/nsqd.md 5.11.
class DiskQueueReader {
 public:
  static nsq::Result<DiskQueueReader> open(QueueFiles files, ReadOptions options);

  /// The next record, its body valid until the next call; nothing at the end.
  nsq::Result<std::optional<nsq::wire::MessageView>> next();

  /// What was found amiss so far, a sentence each that names the file; at most a few a file.
  const std::vector<std::string>& notes() const noexcept { return notes_; }

  const QueueName& name() const noexcept { return files_.name; }
  /// What the meta file says, if there is a usable one.
  const std::optional<Positions>& positions() const noexcept { return positions_; }
  /// Records given so far.
  std::uint64_t records() const noexcept { return records_; }
  /// Progress: bytes of data files behind the reader, of so many to read in all.
  std::uint64_t bytes_read() const noexcept;
  std::uint64_t total_bytes() const noexcept { return total_bytes_; }

 private:
  // A file to read, from where on.
  struct Part {
    DataFile file;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };

  DiskQueueReader(QueueFiles files, ReadOptions options)
      : files_(std::move(files)), options_(options) {}

  nsq::Result<void> read_positions();
  nsq::Result<void> plan();
  std::optional<std::uint64_t> first_offset(const DataFile& file) const;
  void check_end(const DataFile& file, std::uint64_t offset, std::uint64_t size);
  void count_missing_files();
  nsq::Result<void> open_part();
  void close_part();
  void close_queue();
  void note(const DataFile& file, std::string_view text);
  void note_meta(std::string_view text);

  QueueFiles files_;
  ReadOptions options_;
  std::optional<Positions> positions_;
  std::vector<Part> parts_;
  std::size_t at_ = 0;  // the part being read
  std::optional<DataFileReader> file_;
  std::uint64_t file_records_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t bad_records_ = 0;  // those of them from .bad files
  std::uint64_t finished_bytes_ = 0;
  std::uint64_t total_bytes_ = 0;
  bool finished_ = false;
  std::vector<std::string> notes_;
};

}  // namespace nsqd::upstream
