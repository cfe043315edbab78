#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire/names.hpp"

namespace nsqd::upstream {

// How the files of a disk queue are named and where its meta file says that reading and writing
// stood. Values only, no I/O. Source: spec/nsqd.md 5.11.

/// Whose queue it is: a topic's, or that of one of its channels.
struct QueueName {
  nsq::wire::TopicName topic;
  std::optional<nsq::wire::ChannelName> channel;

  /// `topic` or `topic:channel`: what the names of its files begin with.
  std::string str() const;
  /// Upstream keeps no files for these, and reads none.
  bool ephemeral() const noexcept { return topic.ephemeral() || (channel && channel->ephemeral()); }

  /// The reverse of str(); nothing if a part is not a valid name.
  static std::optional<QueueName> parse(std::string_view text);

  friend bool operator==(const QueueName&, const QueueName&) = default;
  friend auto operator<=>(const QueueName&, const QueueName&) = default;
};

/// What a file of a disk queue is, by its name.
enum class FileKind {
  data,       ///< `Q.diskqueue.NNNNNN.dat`
  bad,        ///< `Q.diskqueue.NNNNNN.dat.bad`: set aside by upstream after a read error
  meta,       ///< `Q.diskqueue.meta.dat`
  temporary,  ///< `Q.diskqueue.meta.dat.<number>.tmp`: left by an interrupted write of the meta
              ///< file
};

struct FileName {
  QueueName queue;
  FileKind kind;
  std::int64_t number = 0;  ///< of `data` and `bad`, from 0
};

/// What `name`, a file name without folder, says; nothing if it is not of a disk queue.
std::optional<FileName> parse_file_name(std::string_view name);

std::string data_file_name(const QueueName& queue, std::int64_t number);
std::string meta_file_name(const QueueName& queue);

/// A file with records.
struct DataFile {
  std::int64_t number = 0;
  bool bad = false;

  friend bool operator==(const DataFile&, const DataFile&) = default;
  /// In the order in which they were written.
  friend auto operator<=>(const DataFile&, const DataFile&) = default;
};

/// The files of one queue in a folder.
struct QueueFiles {
  std::filesystem::path directory;
  QueueName name;
  bool has_meta = false;
  std::vector<DataFile> data{};          ///< ascending
  std::vector<std::string> temporary{};  ///< names of leftovers without meaning

  std::filesystem::path path(const DataFile& file) const;
  std::filesystem::path meta_path() const { return directory / meta_file_name(name); }
  /// The names of all of them.
  std::vector<std::string> names() const;
};

/// The content of a meta file: where the reader and the writer of a queue stand, as a file number
/// and an offset in bytes.
struct Positions {
  std::int64_t depth = 0;  ///< records from read to write; upstream can get it wrong, even negative
  std::int64_t read_file = 0;
  std::int64_t read_offset = 0;
  std::int64_t write_file = 0;
  std::int64_t write_offset = 0;

  friend bool operator==(const Positions&, const Positions&) = default;
};

/// `depth\nreadFile,readPos\nwriteFile,writePos\n`.
std::string format_positions(const Positions& positions);

/// The reverse; nothing if the text is anything else or a position is negative.
std::optional<Positions> parse_positions(std::string_view text);

}  // namespace nsqd::upstream
