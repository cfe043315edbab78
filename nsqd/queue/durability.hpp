#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nsqd {

/// When a publish to a topic is answered.
enum class Durability : std::uint8_t {
  disk,    ///< once the log has it in the operating system's hands: survives the process
  sync,    ///< once it is on the device: survives the machine
  memory,  ///< at once; only what memory has no room for, and a clean shutdown, reach the log
};
std::string_view to_string(Durability durability) noexcept;
std::optional<Durability> parse_durability(std::string_view text) noexcept;

}  // namespace nsqd
