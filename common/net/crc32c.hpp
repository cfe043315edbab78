#pragma once

#include <cstdint>
#include <string_view>

namespace nsq::net {

/// The CRC-32C (Castagnoli) of `bytes`, by the processor's own instruction where it has one.
std::uint32_t crc32c(std::string_view bytes) noexcept;

/// The same by tables, for processors without the instruction.
std::uint32_t crc32c_by_table(std::string_view bytes) noexcept;

}  // namespace nsq::net
