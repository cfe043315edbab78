#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace nsq::bench {

/// What bodies hold behind their identity.
enum class Filling {
  noise,  ///< random bytes, the same in each sending: nothing on the way can compress them
  words,  ///< random words, others in each sending, so that a window over them finds words only
};

/// A publish command as it goes over the wire, with the places that change from one sending to the
/// next.
struct Command {
  std::string bytes;
  std::size_t first_body = 0;   ///< offset of the first body
  std::size_t body_stride = 0;  ///< from one body to the next, when there are several
  std::size_t body_bytes = 0;
  std::size_t messages = 1;
  Filling filling = Filling::noise;
  std::size_t delay_at = 0;  ///< offset of the kDelayDigits digits of a DPUB's delay; 0: none
};

/// A delay is patched in place, so its field has a fixed width; leading zeros are legal
/// (spec/nsqd.md 1.2).
inline constexpr std::size_t kDelayDigits = 10;

/// Commands with bodies of `body_bytes`, at least kPayloadBytes.
Command make_pub(std::string_view topic, std::size_t body_bytes, Filling filling = Filling::noise);
Command make_mpub(std::string_view topic, std::size_t messages, std::size_t body_bytes,
                  Filling filling = Filling::noise);
Command make_dpub(std::string_view topic, std::size_t body_bytes, Filling filling = Filling::noise);
/// `POST /pub` on a connection that is kept. @param headers  lines, each with its end: `Host: …`.
Command make_http_pub(std::string_view headers, std::string_view topic, std::size_t body_bytes,
                      Filling filling = Filling::noise);

/// Copies of one command in one block, which a publisher fills in and sends over and over: slot n
/// is free again when the n-th command was answered.
class CommandRing {
 public:
  CommandRing(const Command& command, std::size_t slots);

  std::size_t slots() const noexcept { return slots_; }
  std::size_t command_bytes() const noexcept { return command_bytes_; }
  std::size_t messages_per_command() const noexcept { return messages_; }
  /// All slots, one after the other.
  std::string_view bytes() const noexcept { return {block_.data(), block_.size()}; }

  /// Writes consecutive identities, starting with `identity`, and one time into the slot's bodies,
  /// and fresh words behind them if they hold words.
  void fill(std::size_t slot, std::uint64_t identity, std::int64_t time) noexcept;
  /// Writes a DPUB's delay, 0 to 9999999999 ms.
  void set_delay(std::size_t slot, std::uint64_t milliseconds) noexcept;

 private:
  void write_words(char* to, std::size_t bytes) noexcept;

  std::size_t slots_;
  std::size_t command_bytes_;
  std::size_t first_body_;
  std::size_t body_stride_;
  std::size_t messages_;
  std::size_t delay_at_;
  std::size_t word_bytes_;  // of each body
  std::minstd_rand random_;
  std::vector<char> block_;
};

}  // namespace nsq::bench
