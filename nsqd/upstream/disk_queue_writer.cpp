#include "nsqd/upstream/disk_queue_writer.hpp"

#include <array>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "common/base/assert.hpp"
#include "common/base/bytes.hpp"

namespace nsqd::upstream {
namespace {

using namespace nsq;  // 256_KiB

constexpr std::size_t kBufferBytes = 256_KiB;
constexpr std::size_t kSizeBytes = 4;
// The size field is signed to upstream.
constexpr std::size_t kMaxBodyBytes =
    std::numeric_limits<std::int32_t>::max() - wire::kMessageHeaderBytes;

void append_record(std::string& out, const wire::MessageView& message) {
  // The frame of a message is [size][type][header][body]; a record is the same without the type,
  // and its size counts the header and the body only.
  std::array<char, kSizeBytes + wire::kMessageHeaderBytes> head{};
  char* header = head.data() + kSizeBytes;
  store_be32(head.data(),
             static_cast<std::uint32_t>(wire::kMessageHeaderBytes + message.body.size()));
  store_be64(header + wire::kTimestampOffset, static_cast<std::uint64_t>(message.timestamp_ns));
  store_be16(header + wire::kAttemptsOffset, message.attempts);
  std::memcpy(header + wire::kIdOffset, message.id.bytes.data(), wire::kMessageIdBytes);
  out.append(head.data(), head.size());
  out += message.body;
}

}  // namespace

Result<DiskQueueWriter> DiskQueueWriter::create(const std::filesystem::path& directory,
                                                QueueName name, std::uint64_t max_bytes_per_file) {
  NSQ_ASSERT(!name.ephemeral());
  for (const auto& file : {meta_file_name(name), data_file_name(name, 0)}) {
    const auto there = file_exists(directory / file);
    if (!there) return std::unexpected(there.error());
    if (*there) {
      return fail(boost::system::errc::make_error_code(boost::system::errc::file_exists),
                  fmt::format("{} exists", (directory / file).native()));
    }
  }
  return DiskQueueWriter(directory, std::move(name), max_bytes_per_file);
}

Result<void> DiskQueueWriter::write(const wire::MessageView& message) {
  if (message.body.size() > kMaxBodyBytes) {
    return fail(Errc::out_of_range, fmt::format("a body of {} bytes", message.body.size()));
  }
  const std::size_t bytes = kSizeBytes + wire::kMessageHeaderBytes + message.body.size();
  if (auto made = make_room(bytes); !made) return made;
  append_record(buffer_, message);
  positions_.write_offset += static_cast<std::int64_t>(bytes);
  ++positions_.depth;
  return {};
}

// Makes file_ the one that the next record goes to, and lets the buffer not grow without end.
Result<void> DiskQueueWriter::make_room(std::uint64_t record_bytes) {
  const auto written = static_cast<std::uint64_t>(positions_.write_offset);
  if (written > 0 && written + record_bytes > max_bytes_per_file_) {
    if (auto ended = end_file(); !ended) return ended;
    ++positions_.write_file;
    positions_.write_offset = 0;
  }
  if (!file_) {
    auto file = File::create(directory_ / data_file_name(name_, positions_.write_file));
    if (!file) return std::unexpected(file.error());
    file_.emplace(*std::move(file));
  }
  return buffer_.size() + record_bytes > kBufferBytes ? flush() : Result<void>();
}

Result<void> DiskQueueWriter::flush() {
  auto written = file_->append(buffer_);
  buffer_.clear();
  return written;
}

Result<void> DiskQueueWriter::end_file() {
  if (!file_) return {};
  if (auto flushed = flush(); !flushed) return flushed;
  auto synced = file_->sync();
  file_.reset();
  return synced;
}

Result<void> DiskQueueWriter::close() {
  if (auto ended = end_file(); !ended) return ended;
  return replace_file(directory_ / meta_file_name(name_), format_positions(positions_));
}

}  // namespace nsqd::upstream
