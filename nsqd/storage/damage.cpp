#include "nsqd/storage/damage.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

namespace nsqd {

void DroppedBytes::Logv(rocksdb::InfoLogLevel level, const char* format, std::va_list arguments) {
  std::va_list copy;
  va_copy(copy, arguments);
  std::array<char, 512> line{};
  std::vsnprintf(line.data(), line.size(), format, copy);
  va_end(copy);
  constexpr std::string_view kMark = "dropping ";  // "<file>: dropping <n> bytes; <reason>"
  const std::string_view text(line.data());
  if (const auto at = text.find(kMark); at != std::string_view::npos) {
    std::uint64_t bytes = 0;
    const auto* const begin = text.data() + at + kMark.size();
    if (std::from_chars(begin, text.data() + text.size(), bytes).ec == std::errc()) {
      count_ += bytes;
    }
  }
  log_->Logv(level, format, arguments);
}

void CompactionDamage::OnBackgroundError(rocksdb::BackgroundErrorReason reason,
                                         rocksdb::Status* error) {
  if (reason == rocksdb::BackgroundErrorReason::kCompaction && error->IsCorruption()) {
    *error = rocksdb::Status::OK();
  }
}

void CompactionDamage::OnCompactionCompleted(rocksdb::DB* /*db*/,
                                             const rocksdb::CompactionJobInfo& info) {
  if (!info.status.IsCorruption()) return;
  {
    const nsq::MutexLock lock(mutex_);
    found_[info.cf_name] = info.status.ToString();
  }
  any_.store(true);
  tell_();
}

std::map<std::string, std::string> CompactionDamage::take() {
  any_.store(false);
  const nsq::MutexLock lock(mutex_);
  return std::exchange(found_, {});
}

}  // namespace nsqd
