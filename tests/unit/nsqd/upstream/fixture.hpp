#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "common/wire/message.hpp"
#include "nsqd/upstream/data_path.hpp"
#include "nsqd/upstream/disk_queue_reader.hpp"
#include "nsqd/upstream/queue_files.hpp"
#include "tests/support/temp_dir.hpp"

namespace nsqd::upstream::test {

using Bodies = std::vector<std::string>;

inline QueueName queue_name(std::string_view text) {
  auto name = QueueName::parse(text);
  REQUIRE(name.has_value());
  return *name;
}

/// `value` as `bytes` big-endian bytes.
inline std::string big_endian(std::uint64_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift & 0xff);
  }
  return out;
}

inline constexpr std::string_view kId = "0123456789abcdef";
inline constexpr std::size_t kRecordBytes = 30;  // without the body

/// A record as upstream writes it, spelt out byte by byte.
inline std::string record(std::string_view body, std::int64_t timestamp = 1, int attempts = 0) {
  std::string out = big_endian(26 + body.size(), 4);
  out += big_endian(static_cast<std::uint64_t>(timestamp), 8);
  out += big_endian(static_cast<std::uint64_t>(attempts), 2);
  out += kId;
  out += body;
  return out;
}

inline std::string records(std::initializer_list<std::string_view> bodies) {
  std::string out;
  for (const auto body : bodies) out += record(body);
  return out;
}

/// A data path of upstream, made by hand.
class UpstreamFolder {
 public:
  const std::filesystem::path& path() const noexcept { return temp_.path(); }

  void write(std::string_view name, std::string_view content) const {
    std::ofstream(path() / name, std::ios::binary) << content;
  }
  std::string read(std::string_view name) const {
    std::ifstream in(path() / name, std::ios::binary);
    REQUIRE(in.good());
    return {std::istreambuf_iterator<char>(in), {}};
  }
  bool has(std::string_view name) const { return std::filesystem::exists(path() / name); }

  /// The files of queue "t".
  void data(int number, std::string_view content) const {
    write(data_file_name(queue_name("t"), number), content);
  }
  void meta(std::string_view content) const { write("t.diskqueue.meta.dat", content); }

  DataPath scan() const {
    auto found = scan_data_path(path());
    REQUIRE(found.has_value());
    return *found;
  }

  /// The files of a queue, listed in nsqd.dat or not.
  QueueFiles files(std::string_view name = "t") const {
    auto found = scan();
    for (const auto* list : {&found.queues, &found.unlisted}) {
      for (const auto& files : *list) {
        if (files.name == queue_name(name)) return files;
      }
    }
    return {path(), queue_name(name)};
  }

  DiskQueueReader open(ReadOptions options = {}, std::string_view name = "t") const {
    auto reader = DiskQueueReader::open(files(name), options);
    REQUIRE(reader.has_value());
    return *std::move(reader);
  }

 private:
  nsq::test::TempDir temp_;
};

/// The bodies of all that is left in a reader, a queue's or a file's.
template <class Reader>
Bodies drain(Reader& reader) {
  Bodies bodies;
  for (;;) {
    auto message = reader.next();
    REQUIRE(message.has_value());
    if (!*message) return bodies;
    bodies.emplace_back((*message)->body);
  }
}

}  // namespace nsqd::upstream::test
