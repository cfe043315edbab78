#pragma once

#include <cstring>
#include <memory>
#include <string_view>

namespace nsq::test {

/// A copy of a text in a heap block of exactly its size, so that the address sanitizer sees a read
/// of one byte too many.
class ExactCopy {
 public:
  explicit ExactCopy(std::string_view text) : bytes_(new char[text.size()]), size_(text.size()) {
    if (!text.empty()) std::memcpy(bytes_.get(), text.data(), text.size());
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

}  // namespace nsq::test
