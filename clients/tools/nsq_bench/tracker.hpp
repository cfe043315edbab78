#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "clients/tools/nsq_bench/payload.hpp"

namespace nsq::bench {

/// Remembers which messages of a run arrived on a channel: one bit each. One thread; merge() what
/// several threads saw of the same channel.
class Tracker {
 public:
  /// @param run  the run whose messages count; without one, the first message's run is taken.
  explicit Tracker(std::optional<std::uint16_t> run = std::nullopt);

  /// Notes the arrival of the message with this identity (payload.hpp).
  /// @return whether it is one of the run's.
  bool mark(std::uint64_t identity) {
    if (run_of(identity) != run_ || !run_known_) [[unlikely]] {
      if (!adopt(identity)) return false;
    }
    auto& bits = seen_[publisher_of(identity)];
    const std::uint64_t sequence = sequence_of(identity);
    const std::size_t word = sequence / 64;
    if (word >= bits.size()) [[unlikely]] {
      if (!grow(bits, word)) return false;
    }
    const std::uint64_t bit = std::uint64_t{1} << (sequence % 64);
    repeated_ += (bits[word] & bit) != 0;
    bits[word] |= bit;
    ++marked_;
    return true;
  }

  /// A body too short to carry an identity.
  void mark_foreign() noexcept { ++foreign_; }

  /// Adds what another tracker saw; a message that both saw is a repetition.
  void merge(const Tracker& other);

  /// Different messages of the run.
  std::uint64_t distinct() const noexcept { return marked_ - repeated_; }
  /// Arrivals of messages that had arrived before.
  std::uint64_t repeated() const noexcept { return repeated_; }
  /// Arrivals that are not of the run, or of no run at all.
  std::uint64_t foreign() const noexcept { return foreign_; }

  /// How many of each publisher's first `sent[publisher]` messages did not arrive.
  std::uint64_t lost(std::span<const std::uint64_t> sent) const noexcept;
  /// How many did not arrive although a later one of the same publisher did: all that can be said
  /// without knowing what was sent.
  std::uint64_t gaps() const noexcept;

 private:
  using Bits = std::vector<std::uint64_t>;
  bool adopt(std::uint64_t identity) noexcept;
  bool grow(Bits& bits, std::size_t word);

  std::uint16_t run_ = 0;
  bool run_known_ = false;
  std::vector<Bits> seen_;  // by publisher
  std::uint64_t marked_ = 0;
  std::uint64_t repeated_ = 0;
  std::uint64_t foreign_ = 0;
};

}  // namespace nsq::bench
