#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace nsq::tools {

/// Cuts input into pieces at a delimiter, which belongs to none. Source: spec/tools.md 7.
class Splitter {
 public:
  explicit Splitter(char delimiter) : delimiter_(delimiter) {}

  void feed(std::string_view bytes);
  /// The next piece that has its delimiter; may be empty. Valid until feed().
  std::optional<std::string_view> next();
  /// After the last piece: what is left at the end of input, maybe nothing. A final newline is not
  /// part of it, so that `echo a,b | to_nsq -delimiter=,` means what it looks like.
  std::string_view rest() const;

 private:
  char delimiter_;
  std::string held_;
  std::size_t begin_ = 0;    // of the next piece
  std::size_t scanned_ = 0;  // no delimiter between begin_ and here
};

}  // namespace nsq::tools
