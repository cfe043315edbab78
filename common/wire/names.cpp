#include "common/wire/names.hpp"

#include <array>

namespace nsq::wire {
namespace {

constexpr std::string_view kEphemeral = "#ephemeral";

constexpr std::array<bool, 256> kNameBytes = [] {
  std::array<bool, 256> allowed{};
  for (const char c : std::string_view("._-0123456789"
                                       "abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    allowed[static_cast<unsigned char>(c)] = true;
  }
  return allowed;
}();

}  // namespace

bool is_ephemeral(std::string_view name) noexcept {
  return name.ends_with(kEphemeral);
}

bool is_valid_name(std::string_view name) noexcept {
  if (name.size() > kMaxNameBytes) return false;
  if (is_ephemeral(name)) name.remove_suffix(kEphemeral.size());
  if (name.empty()) return false;
  bool valid = true;
  for (const char c : name) valid &= kNameBytes[static_cast<unsigned char>(c)];
  return valid;
}

}  // namespace nsq::wire
