#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "nsqd/migrate/upstream_import.hpp"
#include "nsqd/storage/database.hpp"
#include "nsqd/storage/recovery.hpp"
#include "tests/support/temp_dir.hpp"

namespace nsqd::migrate::test {

/// A message as upstream's files and the log have it.
struct Stored {
  std::uint64_t id = 0;
  std::string body{};
  int attempts = 0;
  std::int64_t timestamp = 1;

  friend bool operator==(const Stored&, const Stored&) = default;
};
std::ostream& operator<<(std::ostream& out, const Stored& message);
using Messages = std::vector<Stored>;

/// The bytes of a record, and of several.
std::string record(const Stored& message);
std::string records(const Messages& messages);

/// A data path that the test fills with upstream's files, byte by byte.
class DataPath {
 public:
  const std::filesystem::path& path() const noexcept { return temp_.path(); }

  void write(std::string_view name, std::string_view content) const;
  bool has(std::string_view name) const { return std::filesystem::exists(path() / name); }

  /// A queue in one data file, all of it to be read.
  void queue(std::string_view name, const Messages& messages) const;
  void metadata(std::string_view json) const { write("nsqd.dat", json); }

  DatabaseConfig database() const { return {.data_path = path().string()}; }
  ImportConfig config() const { return {.database = database(), .max_body_bytes = 1 << 20}; }

  /// import_upstream, which must succeed.
  void import() const;
  /// The folder that the import moved the files to.
  std::filesystem::path imported() const;

 private:
  nsq::test::TempDir temp_;
};

/// Opens the database of a data path as an nsqd that serves would.
class Opened {
 public:
  explicit Opened(const DatabaseConfig& config);

  Database& database() noexcept { return database_; }
  Recovered state();
  std::vector<schema::Stored> recovered();

  void put(Family family, std::string_view key, std::string_view value);
  void put_topic(const TopicImage& image);
  /// A chunk for all channels.
  void put_chunk(std::uint32_t topic, Offset first, const Messages& messages,
                 std::uint16_t attempts = 0);
  void put_deferred(std::uint32_t topic, DuePoint at, ChannelId channel, const Stored& message);

 private:
  Health health_;
  Database database_;
};

/// What waits, by queue ("t" or "t:c"), in the order in which it will be delivered. Read without
/// the code that delivers: chunks as docs/storage.md describes them.
using Content = std::map<std::string, Messages>;
Content content_of(const DatabaseConfig& config);
Content content_of(Database& database, const std::vector<schema::Stored>& topics);

const TopicImage& topic_of(const std::vector<schema::Stored>& topics, std::string_view name);

}  // namespace nsqd::migrate::test
