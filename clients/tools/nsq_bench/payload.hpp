#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace nsq::bench {

// The first 16 bytes of every body that nsq_bench publishes, in the machine's byte order (both ends
// run on one machine, as they share its steady clock):
//
//   [u64 identity: run 16 bits, publisher 12 bits, sequence 36 bits][i64 time, steady clock, ns]
//
// The time is when the message was meant to be sent, or, for a deferred one, when it is due.

inline constexpr std::size_t kPayloadBytes = 16;
inline constexpr unsigned kSequenceBits = 36;
inline constexpr unsigned kPublisherBits = 12;
inline constexpr std::uint64_t kMaxPublishers = std::uint64_t{1} << kPublisherBits;
inline constexpr std::uint64_t kSequenceMask = (std::uint64_t{1} << kSequenceBits) - 1;

/// The identity of a publisher's first message; the n-th is this plus n.
constexpr std::uint64_t first_identity(std::uint16_t run, std::uint64_t publisher) noexcept {
  return std::uint64_t{run} << (kSequenceBits + kPublisherBits) | publisher << kSequenceBits;
}

constexpr std::uint16_t run_of(std::uint64_t identity) noexcept {
  return static_cast<std::uint16_t>(identity >> (kSequenceBits + kPublisherBits));
}

constexpr std::uint64_t publisher_of(std::uint64_t identity) noexcept {
  return identity >> kSequenceBits & (kMaxPublishers - 1);
}

constexpr std::uint64_t sequence_of(std::uint64_t identity) noexcept {
  return identity & kSequenceMask;
}

/// Writes the header into a body of at least kPayloadBytes.
inline void store_payload(char* body, std::uint64_t identity, std::int64_t time) noexcept {
  std::memcpy(body, &identity, sizeof identity);
  std::memcpy(body + sizeof identity, &time, sizeof time);
}

inline std::uint64_t load_identity(const char* body) noexcept {
  std::uint64_t identity = 0;
  std::memcpy(&identity, body, sizeof identity);
  return identity;
}

inline std::int64_t load_time(const char* body) noexcept {
  std::int64_t time = 0;
  std::memcpy(&time, body + sizeof(std::uint64_t), sizeof time);
  return time;
}

}  // namespace nsq::bench
