#include "nsqd/storage/corruption.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace nsqd {

void CorruptStretches::report_value(std::uint32_t topic, std::uint64_t place,
                                    std::string_view what) {
  report(topic, fmt::format("at {} is {}", place, what));
}

void CorruptStretches::report_table(std::uint32_t topic, const rocksdb::Status& why) {
  report(topic, why.ToString());
}

void CorruptStretches::report(std::uint32_t topic, std::string what) {
  auto text = fmt::format("topic {}: skipping a corrupt stretch - {}", topic, what);
  {
    const nsq::MutexLock lock(mutex_);
    if (!reported_.insert(text).second) return;
  }
  count_.fetch_add(1, std::memory_order_relaxed);
  log_.error("STORAGE: {}", text);
}

std::string TopicRange::lower() const {
  const auto key = schema::log_key(topic, begin);
  return {key.begin(), key.end()};
}

std::string TopicRange::upper() const {
  if (end == UINT64_MAX) {
    const auto key = schema::topic_bytes(topic + 1);
    return {key.begin(), key.end()};
  }
  const auto key = schema::log_key(topic, end);
  return {key.begin(), key.end()};
}

std::uint64_t readable_from(const Database& database, rocksdb::DB& db, TopicRange range) {
  const auto readable = [&](std::uint64_t place) {
    range.begin = place;
    const auto lower = range.lower();
    const Scan it(database, db, range.family, lower, range.upper());
    it->Seek(slice(lower));
    return !it->status().IsCorruption();
  };
  std::uint64_t bad = range.begin;
  std::uint64_t step = 1;
  while (range.end - bad > step && !readable(bad + step)) {
    bad += step;
    step *= 2;
  }
  std::uint64_t good = bad + std::min(step, range.end - bad);
  while (good - bad > 1) {
    const std::uint64_t middle = bad + (good - bad) / 2;
    (readable(middle) ? good : bad) = middle;
  }
  return good;
}

}  // namespace nsqd
