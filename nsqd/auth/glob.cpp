#include "nsqd/auth/glob.hpp"

#include <algorithm>
#include <cstddef>

namespace nsqd {

std::optional<Glob> Glob::parse(std::string_view text) {
  const auto allowed = [](char c) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return alnum || c == '.' || c == '_' || c == '-' || c == '#' || c == '*';
  };
  if (text.empty() || !std::ranges::all_of(text, allowed)) return std::nullopt;
  return Glob(text);
}

bool Glob::matches(std::string_view name) const noexcept {
  std::size_t at = 0;
  std::size_t in_name = 0;
  // Where to go on if what follows the last `*` does not fit: it then takes one byte more.
  std::size_t star = std::string::npos;
  std::size_t star_end = 0;
  while (in_name < name.size()) {
    if (at < text_.size() && text_[at] == '*') {
      star = at++;
      star_end = in_name;
    } else if (at < text_.size() && text_[at] == name[in_name]) {
      ++at;
      ++in_name;
    } else if (star != std::string::npos) {
      at = star + 1;
      in_name = ++star_end;
    } else {
      return false;
    }
  }
  return text_.find_first_not_of('*', at) == std::string::npos;
}

}  // namespace nsqd
