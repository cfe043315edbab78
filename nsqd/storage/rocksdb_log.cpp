#include "nsqd/storage/rocksdb_log.hpp"

#include <array>
#include <cstdio>
#include <string_view>

namespace nsqd {

namespace {
constexpr std::chrono::minutes kPause{1};
}

void RocksdbLog::Logv(rocksdb::InfoLogLevel level, const char* format, std::va_list arguments) {
  if (level < GetInfoLogLevel() || level == rocksdb::InfoLogLevel::HEADER_LEVEL) return;
  if (!log_.enabled(nsq::LogLevel::warn) || !is_due(format)) return;
  std::array<char, 1024> buffer{};
  std::vsnprintf(buffer.data(), buffer.size(), format, arguments);
  std::string_view text(buffer.data());
  while (text.ends_with('\n')) text.remove_suffix(1);
  log_.warn("STORAGE: RocksDB: {}", nsq::printable(text));
}

bool RocksdbLog::is_due(const char* place) {
  const auto now = Clock::now();
  const nsq::MutexLock lock(mutex_);
  const auto [found, is_new] = last_.try_emplace(place, now);
  if (!is_new && now - found->second < kPause) return false;
  found->second = now;
  return true;
}

}  // namespace nsqd
