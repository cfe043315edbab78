#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/wire/message.hpp"
#include "nsqd/upstream/file.hpp"

namespace nsqd::upstream {

/// Reads the records of one data file, as far as they make sense:
/// [size u32 BE][timestamp i64 BE][attempts u16 BE][id 16][body: size - 26]. Source: spec/nsqd.md
/// 5.11.
///
/// Holds 256 KiB, or the largest record if that is more. One thread at a time. What the file grows
/// by after it was opened is not read.
class DataFileReader {
 public:
  /// @param offset          where the first record begins; beyond the end there are none.
  /// @param max_body_bytes  records with larger bodies are passed over.
  static nsq::Result<DataFileReader> open(const std::filesystem::path& path, std::uint64_t offset,
                                          std::size_t max_body_bytes);

  /// The next record, its body valid until the next call; nothing at the end, or where the file is
  /// damaged, which damage() tells then. The error is one of the system's: the record may be there.
  nsq::Result<std::optional<nsq::wire::MessageView>> next();

  /// Why reading ended before the end of the file, if it did: words for the log.
  const std::optional<std::string>& damage() const noexcept { return damage_; }
  /// How many records were passed over because of their size.
  std::uint64_t oversized() const noexcept { return oversized_; }

  /// Where the next record begins.
  std::uint64_t offset() const noexcept { return offset_; }
  /// Bytes in the file when it was opened.
  std::uint64_t size() const noexcept { return size_; }

 private:
  DataFileReader(File file, std::uint64_t size, std::uint64_t offset, std::size_t max_record_bytes);

  std::uint64_t remaining() const noexcept { return offset_ < size_ ? size_ - offset_ : 0; }
  nsq::Result<bool> fill(std::size_t bytes);
  void consume(std::uint64_t bytes) noexcept;
  nsq::Result<bool> pass_over(std::uint32_t record_bytes);
  nsq::Result<bool> record_follows(std::uint64_t at) const;
  std::nullopt_t give_up(std::string why);

  File file_;
  std::uint64_t size_;
  std::uint64_t offset_;
  std::size_t max_record_bytes_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // buffer_[begin_, end_) is the file from offset_ on
  std::size_t end_ = 0;
  std::uint64_t oversized_ = 0;
  std::optional<std::string> damage_;
};

}  // namespace nsqd::upstream
