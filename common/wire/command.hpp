#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nsq::wire {

/// Longest command line in bytes, its LF included. Source: spec/nsqd.md 1.2.
inline constexpr std::size_t kMaxLineBytes = 16384;

/// Parameters that CommandLine keeps: two more than any command needs.
inline constexpr std::size_t kMaxParams = 4;

/// The commands of the protocol; `unknown` is everything else.
enum class Command : std::uint8_t {
  unknown,
  identify,
  auth,
  sub,
  pub,
  mpub,
  dpub,
  rdy,
  fin,
  req,
  touch,
  nop,
  cls
};

/// The command of this (case-sensitive) name.
Command command_from_name(std::string_view name) noexcept;

/// The name of a command, as it is on the wire; "" for unknown.
std::string_view to_string(Command command) noexcept;

/// One command line, cut at every single space. The views point into the input.
struct CommandLine {
  Command command = Command::unknown;
  std::string_view name;  ///< the first token as sent; empty for an empty line or a leading space
  std::array<std::string_view, kMaxParams> params;  ///< the first ones; "" where there are fewer
  std::size_t param_count = 0;                      ///< all of them, also those not kept
  std::size_t consumed = 0;                         ///< bytes of the line with its LF
};

enum class LineStatus : std::uint8_t {
  complete,
  need_more,  ///< no LF yet: call again with more bytes
  too_long,   ///< no LF within kMaxLineBytes: close the connection without a frame
};

/// Cuts the first command line off `in`: up to LF, one CR before it dropped, split on every space.
/// `line` is set only when the status is `complete`. Validates nothing else.
/// No state, no allocation, any thread. Source: spec/nsqd.md 1.2.
LineStatus parse_command_line(std::string_view in, CommandLine& line) noexcept;

}  // namespace nsq::wire
