#include "nsqd/storage/log_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <rocksdb/iterator.h>

#include "common/base/bytes.hpp"
#include "nsqd/queue/frame.hpp"
#include "nsqd/queue/topic.hpp"
#include "nsqd/storage/scan.hpp"
#include "nsqd/storage/schema.hpp"

namespace nsqd {

using namespace nsq;

namespace {

/// Bytes of deferred messages that one read brings into memory, about.
constexpr std::size_t kDeferredBytes = 2_MiB;

std::unexpected<Error> failed(const rocksdb::Status& status) {
  return nsq::fail(Errc::storage_failed, status.ToString());
}

}  // namespace

/// Gathers messages in one piece of memory, so that many small chunks become one block.
class LogReader::Collector {
 public:
  explicit Collector(const ReadRequest& request) : request_(request) {}

  bool full() const noexcept { return frames_.size() >= request_.bytes; }

  /// Takes the part of the chunk that was asked for, as far as there is room. @return the offset
  /// behind what was looked at.
  Offset add(Offset first, const schema::Chunk& chunk) {
    const auto ours = schema::part_for(request_.channel_id, request_.start, first, chunk.header,
                                       request_.begin, request_.end);
    if (ours.size() == 0) return std::min(first + chunk.header.count, request_.end);
    std::string_view frames = chunk.frames;
    Offset at = first;
    for (; at < ours.end && !full(); ++at) {
      const auto bytes = frame_bytes(frames.data());
      if (at >= ours.begin) append(at, frames.substr(0, bytes), chunk.header.attempts);
      frames.remove_prefix(bytes);
    }
    return at;
  }

  std::vector<Run> runs() {
    if (frames_.empty()) return {};
    const auto bytes = static_cast<std::uint32_t>(frames_.size());
    BlockPtr block = Block::create(bytes);
    std::memcpy(block->extend(bytes), frames_.data(), bytes);
    for (Run& run : runs_) run.block = block;
    return std::move(runs_);
  }

 private:
  void append(Offset at, std::string_view frame, std::uint16_t attempts) {
    const auto begin = static_cast<std::uint32_t>(frames_.size());
    frames_.append(frame);
    if (runs_.empty() || runs_.back().first + runs_.back().count != at ||
        runs_.back().attempts != attempts) {
      Run run;
      run.begin = begin;
      run.attempts = attempts;
      run.logged = true;
      run.first = at;
      runs_.push_back(std::move(run));
    }
    runs_.back().end = static_cast<std::uint32_t>(frames_.size());
    ++runs_.back().count;
  }

  const ReadRequest& request_;
  std::string frames_;
  std::vector<Run> runs_;
};

Result<ReadResult> LogReader::read(const ReadRequest& request) {
  const Database::Access access(database_);
  if (!access.db()) return nsq::fail(Errc::storage_failed, "the log is closed");
  return read_from(*access.db(), request);
}

Result<ReadResult> LogReader::read_from(rocksdb::DB& db, const ReadRequest& request) {
  const std::uint32_t topic = request.topic->id();
  // The chunk that holds `begin` starts no further before it than a chunk is long. Bounds keep the
  // iterator from looking at what was deleted.
  const Offset reach = std::min<Offset>(request.begin, schema::kMaxChunkMessages);
  const Scan it(database_, db, Family::log, schema::log_key(topic, request.begin - reach),
                schema::log_key(topic, request.end));
  const auto exact = schema::log_key(topic, request.begin);
  it->Seek(slice(exact));
  const bool at_start = it->Valid() && it->key() == slice(exact);
  if (it->status().ok() && !at_start) {
    it->SeekForPrev(slice(exact));
    if (it->status().ok() && !it->Valid()) it->Seek(slice(exact));
  }
  Collector collector(request);
  Offset next = request.begin;
  for (; it->Valid() && !collector.full(); it->Next()) {
    const Offset first = schema::offset_of(it->key().ToStringView());
    const auto chunk = schema::parse_chunk(it->value().ToStringView());
    if (!chunk) {
      corrupt_.report_value(topic, first, kNoChunk);
      continue;
    }
    next = std::max(next, collector.add(first, *chunk));
  }
  ReadResult result;
  result.epoch = request.epoch;
  if (it->status().IsCorruption()) {
    corrupt_.report_table(topic, it->status());
    next = readable_from(database_, db, {Family::log, topic, next, request.end});
  } else if (!it->status().ok()) {
    return failed(it->status());
  } else if (!it->Valid() && !collector.full()) {
    next = request.end;
  }
  result.next = next;
  result.runs = collector.runs();
  return result;
}

Result<DeferredResult> LogReader::read_deferred(const DeferredRequest& request) {
  const Database::Access access(database_);
  if (!access.db()) return nsq::fail(Errc::storage_failed, "the log is closed");
  const std::uint32_t topic = request.topic->id();
  DeferredResult result;
  result.complete_to = request.to;
  std::size_t bytes = 0;
  const auto take = [&](std::string_view key, std::string_view value) {
    const DuePoint at = schema::due_point_of(key);
    const std::uint64_t behind = schema::due_place(at.due) + 1;
    if (at < request.from) return behind;
    if (at >= request.to) {
      result.next = at;
      return kEndWalk;
    }
    if (bytes >= kDeferredBytes) {
      result.complete_to = at;
      return kEndWalk;
    }
    if (auto message = schema::parse_deferred(key, value)) {
      bytes += message->run.bytes();
      result.messages.push_back(std::move(*message));
    } else {
      corrupt_.report_value(topic, at.number, kNoDeferred);
    }
    return behind;
  };
  const TopicRange range{Family::deferred, topic, schema::due_place(request.from.due)};
  const auto status = walk(database_, *access.db(), range, corrupt_, take);
  if (!status.ok()) return failed(status);
  return result;
}

}  // namespace nsqd
