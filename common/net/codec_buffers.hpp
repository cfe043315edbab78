#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/byte_stream.hpp"

namespace nsq::net {

/// The input of a decoder during one read_some(): what an earlier call kept, then what the stream
/// below has, in a buffer that the thread's connections share. What is not used up must be kept.
class DecodeBuffer {
 public:
  /// @param kept  what the last call kept, and where this one keeps; outlives this.
  DecodeBuffer(ByteStream& below, std::string& kept) : below_(below), kept_(kept), unread_(kept) {}

  /// The decoder takes from its front.
  std::string_view& unread() noexcept { return unread_; }

  /// Reads once, behind what is unread.
  IoResult fill() {
    std::vector<char>& buffer = shared();
    const std::size_t before = unread_.size();
    if (in_buffer_) std::memmove(buffer.data(), unread_.data(), before);
    if (before + kMinRead > buffer.size()) buffer.resize(before + kMinRead);
    if (!in_buffer_) std::memcpy(buffer.data(), unread_.data(), before);
    in_buffer_ = true;
    const IoResult got = below_.read_some(std::span(buffer).subspan(before));
    unread_ = {buffer.data(), before + got.bytes};
    return got;
  }

  /// Moves what is unread to where it survives this call.
  void keep_rest() {
    if (unread_.empty()) {
      std::string().swap(kept_);
    } else if (!in_buffer_) {
      kept_.erase(0, kept_.size() - unread_.size());
    } else {
      kept_.assign(unread_);
    }
  }

 private:
  static constexpr std::size_t kMinRead = 128 * 1024;

  static std::vector<char>& shared() {
    thread_local std::vector<char> buffer(2 * kMinRead);
    return buffer;
  }

  ByteStream& below_;
  std::string& kept_;
  std::string_view unread_;
  bool in_buffer_ = false;  // unread_ lies in the shared buffer, not in kept_
};

/// Where an encoder writes: memory that is not initialised, and kept for the next time.
class EncodeBuffer {
 public:
  /// At least `bytes` (and all there is) behind what was committed.
  std::span<char> room(std::size_t bytes) {
    if (capacity_ - size_ < bytes) grow(bytes);
    return {data_.get() + size_, capacity_ - size_};
  }
  /// That many bytes of room() were written.
  void commit(std::size_t bytes) noexcept { size_ += bytes; }
  void append(std::string_view bytes) {
    std::memcpy(room(bytes.size()).data(), bytes.data(), bytes.size());
    commit(bytes.size());
  }
  void clear() noexcept { size_ = 0; }
  std::string_view view() const noexcept { return {data_.get(), size_}; }

 private:
  void grow(std::size_t bytes) {
    const std::size_t wanted = std::max(2 * capacity_, size_ + bytes);
    auto larger = std::make_unique_for_overwrite<char[]>(wanted);
    if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    capacity_ = wanted;
  }

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace nsq::net
