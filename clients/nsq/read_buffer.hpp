#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace nsq::client {

/// The bytes received and not yet used. Grows to the largest frame, and shrinks when that is used.
class ReadBuffer {
 public:
  /// What is there; valid until room().
  std::string_view data() const noexcept { return {bytes_.get() + begin_, end_ - begin_}; }
  void consume(std::size_t bytes) noexcept { begin_ += bytes; }

  struct Room {
    char* data;
    std::size_t size;
  };
  /// Where to read into: space so that `wanted` bytes can be there in all, and more if it is cheap.
  Room room(std::size_t wanted);
  /// That many bytes were read into room().
  void commit(std::size_t bytes) noexcept { end_ += bytes; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace nsq::client
