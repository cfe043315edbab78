#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <variant>

#include "clients/nsq/options.hpp"

namespace nsq::client {

/// Where an option's value is. The kind of the member is the kind of the option.
using OptionField =
    std::variant<bool Options::*, std::int64_t Options::*, double Options::*,
                 std::string Options::*, Nanoseconds Options::*, BackoffStrategy Options::*,
                 TlsVersion Options::*, std::optional<bool> Options::*>;

/// An option: its name, its place and its range (of durations in nanoseconds).
struct OptionRow {
  std::string_view key;
  OptionField field;
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

/// All options, in the order of spec/client.md 13.
std::span<const OptionRow> option_rows() noexcept;

}  // namespace nsq::client
