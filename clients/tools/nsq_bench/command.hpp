#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nsq::bench {

/// A publish command as it goes over the wire, with the places that change from one sending to the
/// next. The bodies hold random bytes, so that nothing on the way can compress them.
struct Command {
  std::string bytes;
  std::size_t first_body = 0;   ///< offset of the first body
  std::size_t body_stride = 0;  ///< from one body to the next, when there are several
  std::size_t messages = 1;
  std::size_t delay_at = 0;  ///< offset of the kDelayDigits digits of a DPUB's delay; 0: none
};

/// A delay is patched in place, so its field has a fixed width; leading zeros are legal
/// (spec/nsqd.md 1.2).
inline constexpr std::size_t kDelayDigits = 10;

/// Commands with bodies of `body_bytes`, at least kPayloadBytes.
Command make_pub(std::string_view topic, std::size_t body_bytes);
Command make_mpub(std::string_view topic, std::size_t messages, std::size_t body_bytes);
Command make_dpub(std::string_view topic, std::size_t body_bytes);
/// `POST /pub` on a connection that is kept. @param host  the value of the Host header.
Command make_http_pub(std::string_view host, std::string_view topic, std::size_t body_bytes);

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

  /// Writes consecutive identities, starting with `identity`, and one time into the slot's bodies.
  void fill(std::size_t slot, std::uint64_t identity, std::int64_t time) noexcept;
  /// Writes a DPUB's delay, 0 to 9999999999 ms.
  void set_delay(std::size_t slot, std::uint64_t milliseconds) noexcept;

 private:
  std::size_t slots_;
  std::size_t command_bytes_;
  std::size_t first_body_;
  std::size_t body_stride_;
  std::size_t messages_;
  std::size_t delay_at_;
  std::vector<char> block_;
};

}  // namespace nsq::bench
