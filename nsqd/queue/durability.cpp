#include "nsqd/queue/durability.hpp"

namespace nsqd {

std::string_view to_string(Durability durability) noexcept {
  switch (durability) {
    case Durability::disk:
      return "disk";
    case Durability::sync:
      return "sync";
    case Durability::memory:
      return "memory";
  }
  return "";
}

std::optional<Durability> parse_durability(std::string_view text) noexcept {
  for (const auto each : {Durability::disk, Durability::sync, Durability::memory}) {
    if (text == to_string(each)) return each;
  }
  return std::nullopt;
}

}  // namespace nsqd
