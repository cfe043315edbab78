#include "clients/tools/nsq_bench/tracker.hpp"

#include <algorithm>
#include <bit>

namespace nsq::bench {
namespace {

// Half a gigabyte of bits for one publisher: past that an identity is taken for garbage.
constexpr std::size_t kMaxWords = std::size_t{1} << 26;

std::uint64_t count_below(std::span<const std::uint64_t> bits, std::uint64_t limit) noexcept {
  std::uint64_t count = 0;
  const std::size_t whole = std::min<std::size_t>(limit / 64, bits.size());
  for (std::size_t i = 0; i < whole; ++i) count += static_cast<unsigned>(std::popcount(bits[i]));
  if (whole == limit / 64 && whole < bits.size() && limit % 64 != 0) {
    const std::uint64_t mask = (std::uint64_t{1} << (limit % 64)) - 1;
    count += static_cast<unsigned>(std::popcount(bits[whole] & mask));
  }
  return count;
}

}  // namespace

Tracker::Tracker(std::optional<std::uint16_t> run)
    : run_(run.value_or(0)), run_known_(run.has_value()), seen_(kMaxPublishers) {}

bool Tracker::adopt(std::uint64_t identity) noexcept {
  if (run_known_) {
    ++foreign_;
    return false;
  }
  run_ = run_of(identity);
  run_known_ = true;
  return true;
}

bool Tracker::grow(Bits& bits, std::size_t word) {
  if (word >= kMaxWords) {
    ++foreign_;
    return false;
  }
  bits.resize(std::max({word + 1, bits.size() * 2, std::size_t{1024}}));
  return true;
}

void Tracker::merge(const Tracker& other) {
  foreign_ += other.foreign_;
  if (!other.run_known_) return;
  if (!run_known_) {
    run_ = other.run_;
    run_known_ = true;
  }
  if (run_ != other.run_) {
    foreign_ += other.marked_;
    return;
  }
  for (std::size_t p = 0; p < seen_.size(); ++p) {
    const Bits& theirs = other.seen_[p];
    Bits& ours = seen_[p];
    if (ours.size() < theirs.size()) ours.resize(theirs.size());
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      repeated_ += static_cast<unsigned>(std::popcount(ours[i] & theirs[i]));
      ours[i] |= theirs[i];
    }
  }
  marked_ += other.marked_;
  repeated_ += other.repeated_;
}

std::uint64_t Tracker::lost(std::span<const std::uint64_t> sent) const noexcept {
  std::uint64_t lost = 0;
  for (std::size_t p = 0; p < std::min(sent.size(), seen_.size()); ++p) {
    lost += sent[p] - count_below(seen_[p], sent[p]);
  }
  return lost;
}

std::uint64_t Tracker::gaps() const noexcept {
  std::uint64_t gaps = 0;
  for (const Bits& bits : seen_) {
    std::size_t words = bits.size();
    while (words > 0 && bits[words - 1] == 0) --words;
    if (words == 0) continue;
    const std::uint64_t past_highest =
        (words - 1) * 64 + static_cast<unsigned>(std::bit_width(bits[words - 1]));
    gaps += past_highest - count_below(bits, past_highest);
  }
  return gaps;
}

}  // namespace nsq::bench
