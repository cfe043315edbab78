#include "nsqd/storage/chunk_writer.hpp"

#include <algorithm>

#include "common/base/bytes.hpp"
#include "nsqd/queue/frame.hpp"

namespace nsqd {
namespace {

/// How many messages of the run, at least one, a chunk with this much room takes.
std::uint32_t fitting(const Run& run, std::uint32_t messages, std::uint32_t bytes) {
  if (run.count <= messages && run.bytes() <= bytes) return run.count;
  std::uint32_t taken = 0;
  std::uint32_t at = run.begin;
  while (taken < std::min(messages, run.count)) {
    at += frame_bytes(run.block->data() + at);
    if (at - run.begin > bytes && taken > 0) break;
    ++taken;
  }
  return taken;
}

}  // namespace

bool ChunkWriter::continues(std::uint32_t topic, const Run& run, const Audience& audience) const {
  return !parts_.empty() && topic == topic_ && run.first == first_ + header_.count &&
         run.attempts == header_.attempts && audience.everybody() && header_.channel == 0 &&
         header_.born == first_ && bytes_ + run.bytes() <= schema::kMaxChunkBytes &&
         header_.count + run.count <= schema::kMaxChunkMessages;
}

void ChunkWriter::add(std::uint32_t topic, Run run, const Audience& audience) {
  if (continues(topic, run, audience)) {
    add_part(run);
    return;
  }
  std::size_t done = 0;
  for (;;) {
    begin(topic, run, audience);
    const auto count = fitting(run, schema::kMaxChunkMessages, schema::kMaxChunkBytes);
    if (!audience.homes.empty()) add_homes(audience, done, count);
    if (count == run.count) break;
    add_part(split_front(run, count));
    done += count;
  }
  add_part(run);
}

void ChunkWriter::begin(std::uint32_t topic, const Run& run, const Audience& audience) {
  flush();
  topic_ = topic;
  first_ = run.first;
  header_ = {.attempts = run.attempts,
             .channel = audience.channel,
             .born = audience.born.value_or(first_)};
  parts_.emplace_back();
}

void ChunkWriter::add_homes(const Audience& audience, std::size_t from, std::uint32_t count) {
  header_.homes = true;
  homes_.resize(count * sizeof(Offset));
  for (std::uint32_t i = 0; i < count; ++i) {
    nsq::store_be64(homes_.data() + i * sizeof(Offset), audience.homes[from + i]);
  }
}

void ChunkWriter::add_part(const Run& run) {
  const auto frames = run.frames();
  parts_.emplace_back(frames.data(), frames.size());
  header_.count += run.count;
  bytes_ += run.bytes();
}

void ChunkWriter::flush() {
  if (parts_.empty()) return;
  char header[schema::kChunkHeaderBytes];
  schema::write_chunk_header(header, header_);
  parts_[0] = rocksdb::Slice(header, sizeof header);
  if (header_.homes) parts_.emplace_back(homes_);
  const auto key = schema::log_key(topic_, first_);
  const rocksdb::Slice key_slice(key.data(), key.size());
  // Without a limit on the batch's size, a Put can only fail for want of memory, which throws.
  batch_
      .Put(family_, rocksdb::SliceParts(&key_slice, 1),
           rocksdb::SliceParts(parts_.data(), static_cast<int>(parts_.size())))
      .PermitUncheckedError();
  parts_.clear();
  bytes_ = 0;
}

}  // namespace nsqd
