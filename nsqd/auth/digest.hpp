#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace nsqd {

/// The SHA-256 of a secret: what is kept of it, and compared.
using Digest = std::array<unsigned char, 32>;

Digest digest_of(std::string_view secret);

/// 64 hexadecimal digits of either case, or nothing.
std::optional<Digest> parse_digest(std::string_view hex);

/// In a time that does not depend on where they differ.
bool equal(const Digest& a, const Digest& b) noexcept;

}  // namespace nsqd
