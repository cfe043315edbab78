#include "clients/tools/to_nsq/fanout.hpp"

#include "common/base/bytes.hpp"

namespace nsq::tools {

namespace {
constexpr std::size_t kMaxUnanswered = 1000;
constexpr std::size_t kMaxUnansweredBytes = 8_MiB;
}  // namespace

bool Fanout::publish(std::string_view piece) {
  {
    const MutexLock lock(mu_);
    while (
        !error_ && unanswered_ > 0 &&
        (unanswered_ >= kMaxUnanswered || unanswered_bytes_ + piece.size() > kMaxUnansweredBytes)) {
      changed_.wait(mu_);
    }
    if (error_) return false;
    unanswered_ += producers_.size();
    unanswered_bytes_ += producers_.size() * piece.size();
  }
  for (const auto& producer : producers_) {
    producer->publish_async(
        topic_, std::string(piece),
        [this, bytes = piece.size()](const Result<void>& result) { answered(bytes, result); });
  }
  return true;
}

bool Fanout::wait_answers() {
  const MutexLock lock(mu_);
  while (unanswered_ > 0) changed_.wait(mu_);
  return !error_;
}

void Fanout::answered(std::size_t bytes, const Result<void>& result) {
  const MutexLock lock(mu_);
  --unanswered_;
  unanswered_bytes_ -= bytes;
  if (!result && !error_) error_ = result.error().text();
  changed_.notify_one();
}

std::string Fanout::error() const {
  const MutexLock lock(mu_);
  return error_.value_or("");
}

}  // namespace nsq::tools
