#include "nsqd/upstream/data_file_reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/base/bytes.hpp"

namespace nsqd::upstream {
namespace {

using namespace nsq;  // 256_KiB

constexpr std::size_t kBufferBytes = 256_KiB;
constexpr std::size_t kSizeBytes = 4;

}  // namespace

Result<DataFileReader> DataFileReader::open(const std::filesystem::path& path, std::uint64_t offset,
                                            std::size_t max_body_bytes) {
  auto file = File::open(path);
  if (!file) return std::unexpected(file.error());
  const auto size = file->size();
  if (!size) return std::unexpected(size.error());
  return DataFileReader(*std::move(file), *size, offset,
                        max_body_bytes + wire::kMessageHeaderBytes);
}

DataFileReader::DataFileReader(File file, std::uint64_t size, std::uint64_t offset,
                               std::size_t max_record_bytes)
    : file_(std::move(file)),
      size_(size),
      offset_(offset),
      max_record_bytes_(max_record_bytes),
      buffer_(static_cast<std::size_t>(std::min<std::uint64_t>(remaining(), kBufferBytes))) {}

Result<std::optional<wire::MessageView>> DataFileReader::next() {
  while (!damage_ && remaining() > 0) {
    const auto has_size = fill(kSizeBytes);
    if (!has_size) return std::unexpected(has_size.error());
    if (!*has_size) return give_up("ends within the size of a record");

    const std::uint32_t bytes = load_be32(buffer_.data() + begin_);
    if (bytes > max_record_bytes_) {
      const auto passed = pass_over(bytes);
      if (!passed) return std::unexpected(passed.error());
      if (*passed) continue;
    }
    if (bytes < wire::kMessageHeaderBytes || bytes > max_record_bytes_) {
      return give_up(fmt::format("bad record size {}", bytes));
    }

    const auto is_whole = fill(kSizeBytes + bytes);
    if (!is_whole) return std::unexpected(is_whole.error());
    if (!*is_whole) return give_up(fmt::format("ends within a record of {} bytes", bytes));
    const std::string_view record(buffer_.data() + begin_ + kSizeBytes, bytes);
    consume(kSizeBytes + bytes);
    return *wire::decode_message(record);
  }
  return std::nullopt;
}

// Makes `bytes` bytes of the file from offset_ on lie in the buffer; false if the file ends before.
Result<bool> DataFileReader::fill(std::size_t bytes) {
  std::size_t have = end_ - begin_;
  if (have >= bytes) return true;
  if (remaining() < bytes) return false;
  if (have > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, have);
  if (buffer_.size() < bytes) buffer_.resize(bytes);
  begin_ = 0;
  end_ = have;
  const std::uint64_t wanted = std::min<std::uint64_t>(buffer_.size(), remaining()) - have;
  const auto read =
      file_.read_at(buffer_.data() + have, static_cast<std::size_t>(wanted), offset_ + have);
  if (!read) return std::unexpected(read.error());
  end_ += *read;
  return end_ >= bytes;
}

void DataFileReader::consume(std::uint64_t bytes) noexcept {
  begin_ += static_cast<std::size_t>(std::min<std::uint64_t>(bytes, end_ - begin_));
  offset_ += bytes;
}

// A size beyond the limit is either a record from times when the limit was higher or nonsense. It
// is believed if it leads, perhaps over more such records, to a good one or exactly to the end.
Result<bool> DataFileReader::pass_over(std::uint32_t record_bytes) {
  const std::uint64_t all = kSizeBytes + std::uint64_t{record_bytes};
  if (all > remaining()) return false;
  auto believed = record_follows(offset_ + all);
  if (!believed || !*believed) return believed;
  consume(all);
  ++oversized_;
  return true;
}

Result<bool> DataFileReader::record_follows(std::uint64_t at) const {
  while (size_ - at >= kSizeBytes) {
    std::array<char, kSizeBytes> field{};
    const auto read = file_.read_at(field.data(), field.size(), at);
    if (!read) return std::unexpected(read.error());
    const std::uint32_t bytes = load_be32(field.data());
    if (*read < kSizeBytes || bytes < wire::kMessageHeaderBytes) return false;
    if (size_ - at < kSizeBytes + std::uint64_t{bytes}) return false;
    if (bytes <= max_record_bytes_) return true;
    at += kSizeBytes + std::uint64_t{bytes};
  }
  return at == size_;
}

std::nullopt_t DataFileReader::give_up(std::string why) {
  damage_ =
      fmt::format("{} at {}; the {} bytes from there on are skipped", why, offset_, remaining());
  return std::nullopt;
}

}  // namespace nsqd::upstream
