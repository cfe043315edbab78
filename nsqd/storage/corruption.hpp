#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/log.hpp"
#include "common/base/mutex.hpp"
#include "nsqd/storage/scan.hpp"
#include "nsqd/storage/schema.hpp"

namespace nsqd {

/// What a value is called that parses as nothing.
inline constexpr std::string_view kNoChunk = "not a chunk";
inline constexpr std::string_view kNoDeferred = "not a deferred message";

/// The stretches of the database that could not be read and were skipped: each is logged once and
/// counted once, however often it is met. Thread-safe.
class CorruptStretches {
 public:
  explicit CorruptStretches(nsq::Logger log) : log_(std::move(log)) {}

  /// A value of the topic is none, or it belongs to no format that is known. @param place  an
  /// offset, or a number of a deferred message.
  void report_value(std::uint32_t topic, std::uint64_t place, std::string_view what);

  /// A table cannot be read, from somewhere on in what the topic has. @param why  RocksDB's words,
  /// which tell one damage from another.
  void report_table(std::uint32_t topic, const rocksdb::Status& why);

  /// How many there were since the start.
  std::uint64_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  void report(std::uint32_t topic, std::string what);

  const nsq::Logger log_;
  std::atomic<std::uint64_t> count_{0};
  nsq::Mutex mutex_;  // a leaf
  std::set<std::string> reported_ NSQ_GUARDED_BY(mutex_);
};

/// A topic's entries in `log` or `deferred`, and a range of them by their keys' second number, as
/// it is in the key: first offsets, or biased due times. The greatest end stands for all there is.
struct TopicRange {
  Family family = Family::log;
  std::uint32_t topic = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = UINT64_MAX;

  std::string lower() const;
  std::string upper() const;
};

/// The first place from `range.begin`, which cannot be read, from where the range can be read
/// again: its end if there is none. Damage ends with a block of a table, and what lies behind is
/// found by trying. It may be one place too far, but no more than twice as far as the damage
/// reaches.
std::uint64_t readable_from(const Database& database, rocksdb::DB& db, TopicRange range);

/// What take() returns to end a walk.
inline constexpr std::uint64_t kEndWalk = UINT64_MAX;

/// Calls take(key, value) for each entry of the range that can be read, in order; it returns the
/// place behind the entry, from where to go on should the next one be damaged, or kEndWalk.
/// @return an error if the disk fails; damage is reported and skipped.
template <typename Take>
rocksdb::Status walk(const Database& database, rocksdb::DB& db, TopicRange range,
                     CorruptStretches& corrupt, Take take) {
  while (range.begin < range.end) {
    const auto lower = range.lower();
    const Scan it(database, db, range.family, lower, range.upper());
    for (it->Seek(slice(lower)); it->Valid(); it->Next()) {
      range.begin = take(it->key().ToStringView(), it->value().ToStringView());
      if (range.begin == kEndWalk) return rocksdb::Status::OK();
    }
    if (!it->status().IsCorruption()) return it->status();
    corrupt.report_table(range.topic, it->status());
    range.begin = readable_from(database, db, range);
  }
  return rocksdb::Status::OK();
}

}  // namespace nsqd
