#include "clients/tools/to_nsq/splitter.hpp"

namespace nsq::tools {

void Splitter::feed(std::string_view bytes) {
  held_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  held_.append(bytes);
}

std::optional<std::string_view> Splitter::next() {
  const auto end = held_.find(delimiter_, scanned_);
  if (end == std::string::npos) {
    scanned_ = held_.size();
    return std::nullopt;
  }
  const auto piece = std::string_view(held_).substr(begin_, end - begin_);
  begin_ = scanned_ = end + 1;
  return piece;
}

std::string_view Splitter::rest() const {
  auto left = std::string_view(held_).substr(begin_);
  if (left.ends_with('\n')) left.remove_suffix(1);
  return left;
}

}  // namespace nsq::tools
