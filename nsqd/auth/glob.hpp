#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nsqd {

/// A pattern for whole topic and channel names in which `*` stands for any text, also none, and
/// every other byte for itself.
class Glob {
 public:
  /// @return nothing for the empty text and for what no name can hold (names: letters, digits,
  ///         `.`, `_`, `-`, and `#` of #ephemeral).
  static std::optional<Glob> parse(std::string_view text);

  /// In a time of pattern times name at most.
  bool matches(std::string_view name) const noexcept;

 private:
  explicit Glob(std::string_view text) : text_(text) {}
  std::string text_;
};

}  // namespace nsqd
