#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/result.hpp"

namespace nsq::wire {

/// A decimal parameter of a command (RDY's count, REQ's and DPUB's milliseconds): digits only, the
/// empty text is 0, arithmetic is modulo 2^64 and never overflows.
///
/// @return the number, to be reinterpreted as signed by the caller where the spec says so; or
///         Errc::bad_number for any other character.
/// Source: spec/nsqd.md 1.2, "Decimal parameters".
Result<std::uint64_t> parse_decimal(std::string_view text);

}  // namespace nsq::wire
