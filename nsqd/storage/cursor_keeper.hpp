#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "nsqd/queue/topic.hpp"
#include "nsqd/storage/database.hpp"

namespace nsqd {

/// Writes down what topics say of themselves, and deletes from the log what nobody needs any more,
/// both in one commit: so a cursor on the disk never refers to what is gone. Thread-safe; callers
/// wait for the disk.
class CursorKeeper {
 public:
  explicit CursorKeeper(Database& database) : database_(database) {}

  /// What the disk says of a topic that recovery found.
  void restore(const TopicImage& image, Offset trimmed);

  /// Writes the topic's records, and trims its log.
  rocksdb::Status save(Topic& topic);

  /// Deletes everything of the topic.
  rocksdb::Status remove(const Topic& topic);

  /// Gives files of the log that were trimmed away as a whole back to the file system.
  void release_files();

 private:
  struct Known {
    std::string record;   // in "meta"
    Offset trimmed = 0;   // the log below is deleted
    Offset released = 0;  // and its files given back
  };

  bool encode(const TopicImage& image, const std::string& record, const Known& known,
              Offset trimmed, rocksdb::WriteBatch& batch) const;
  bool encode_removal(std::uint32_t topic, rocksdb::WriteBatch& batch) const;
  Offset trim_to(std::uint32_t topic, Offset trimmed, Offset floor, Offset committed) const;

  Database& database_;
  std::mutex mutex_;  // before Topic; held while writing, so that the latest state is the last
  std::map<std::uint32_t, Known> known_;
};

}  // namespace nsqd
