#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

namespace nsq::config {

// Values as text, read and written as Go's flag, strconv and time packages do, since that is what
// scripts, unit files and config files of an existing installation hold. No state; any thread.
// An error's context is Go's reason alone ("parse error"), to be put behind the option's name.

/// Reads `1 t T true TRUE True 0 f F false FALSE False`.
/// Errc::bad_number "parse error". Source: spec/tools.md 1.2.
Result<bool> parse_bool(std::string_view text);

/// Reads a Go integer literal with optional sign: decimal, 0x, 0o, a leading 0 (octal), 0b, and `_`
/// between digits.
/// Errc::bad_number "parse error", Errc::out_of_range "value out of range". Source:
/// spec/nsqd.md 9.1.
Result<std::int64_t> parse_int(std::string_view text);

/// Reads a number in decimal or exponent form, with optional sign. Errors as parse_int.
Result<double> parse_float(std::string_view text);

/// Reads a Go duration: optional sign, then one or more `<decimal><unit>` with the units
/// `ns us µs ms s m h`; also a bare `0`.
/// Errc::bad_number with Go's text, e.g. `time: missing unit in duration "100"`.
Result<Nanoseconds> parse_duration(std::string_view text);

/// Writes a duration as Go does: `0s`, `250ms`, `1m0s`, `1h0m0.5s`. parse_duration reads it back.
std::string format_duration(Nanoseconds duration);

/// Writes a number in its shortest form that reads back the same: `1`, `0.99`.
std::string format_float(double value);

/// Go's %q: in double quotes, with `"` and `\` escaped, control bytes as `\n`, `\t`, `\x01`, bytes
/// that are not UTF-8 as `\xff`, printable Unicode as it is. Source: spec/nsqd.md, conventions.
std::string quote(std::string_view text);

}  // namespace nsq::config
