#include "nsqd/storage/log_reader.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include <fmt/format.h>
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
      report(topic, first, first, "not a chunk");
      continue;
    }
    next = std::max(next, collector.add(first, *chunk));
  }
  ReadResult result;
  result.epoch = request.epoch;
  if (it->status().IsCorruption()) {
    next = skip_corrupt(db, topic, next, request.end);
    report(topic, next, next, it->status().ToString());
  } else if (!it->status().ok()) {
    return failed(it->status());
  } else if (!it->Valid() && !collector.full()) {
    next = request.end;
  }
  result.next = next;
  result.runs = collector.runs();
  return result;
}

/// The first offset from `begin` on from where the log can be read again.
Offset LogReader::skip_corrupt(rocksdb::DB& db, std::uint32_t topic, Offset begin, Offset end) {
  Offset bad = begin;
  Offset step = 1;
  while (bad + step < end && !readable_at(db, topic, bad + step, end)) {
    bad += step;
    step *= 2;
  }
  Offset good = std::min(bad + step, end);
  while (good - bad > 1) {
    const Offset middle = bad + (good - bad) / 2;
    (readable_at(db, topic, middle, end) ? good : bad) = middle;
  }
  return good;
}

bool LogReader::readable_at(rocksdb::DB& db, std::uint32_t topic, Offset at, Offset end) const {
  const auto key = schema::log_key(topic, at);
  const Scan it(database_, db, Family::log, key, schema::log_key(topic, end));
  it->Seek(slice(key));
  return it->status().ok();
}

void LogReader::report(std::uint32_t topic, Offset begin, Offset end, const std::string& why) {
  {
    const MutexLock lock(mutex_);
    if (!reported_.emplace(topic, begin).second) return;
  }
  corrupt_.fetch_add(1, std::memory_order_relaxed);
  log_.error("STORAGE: topic {}: skipping a corrupt stretch of the log up to offset {} - {}", topic,
             end, why);
}

Result<DeferredResult> LogReader::read_deferred(const DeferredRequest& request) {
  const Database::Access access(database_);
  if (!access.db()) return nsq::fail(Errc::storage_failed, "the log is closed");
  const std::uint32_t topic = request.topic->id();
  const auto lower = schema::deferred_key(topic, request.from);
  const Scan it(database_, *access.db(), Family::deferred, lower, schema::topic_bytes(topic + 1));
  DeferredResult result;
  result.complete_to = request.to;
  std::size_t bytes = 0;
  for (it->Seek(slice(lower)); it->Valid(); it->Next()) {
    const auto key = it->key().ToStringView();
    const DuePoint at = schema::due_point_of(key);
    if (at >= request.to) {
      result.next = at;
      break;
    }
    if (bytes >= kDeferredBytes) {
      result.complete_to = at;
      break;
    }
    auto message = schema::parse_deferred(key, it->value().ToStringView());
    if (!message) {
      report(topic, at.number, at.number, "not a deferred message");
      continue;
    }
    bytes += message->run.bytes();
    result.messages.push_back(std::move(*message));
  }
  if (it->status().IsCorruption()) {
    // Nothing tells where the next whole one is, so the span counts as read.
    report(topic, request.from.number, request.to.number, it->status().ToString());
  } else if (!it->status().ok()) {
    return failed(it->status());
  }
  return result;
}

}  // namespace nsqd
