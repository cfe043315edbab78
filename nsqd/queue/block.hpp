#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include <boost/smart_ptr/intrusive_ptr.hpp>

namespace nsqd {

class Block;
using BlockPtr = boost::intrusive_ptr<Block>;

/// A message's place in its topic: 0, 1, 2, … in the order in which messages were accepted.
using Offset = std::uint64_t;

/// Reference-counted memory that holds published messages as they go out on the wire: whole message
/// frames back to back (spec/nsqd.md 1.3, 1.4) with attempts = 1. A body is copied into a block
/// once, when it is published; channels and outgoing writes share it from there.
///
/// Append-only: the topic that owns the block's tail writes behind `used()` under its lock,
/// everybody else reads byte ranges that were handed over under a lock and never change again. The
/// count is thread-safe.
class Block {
 public:
  /// A block that can hold `capacity` bytes, with nothing in it.
  static BlockPtr create(std::uint32_t capacity);

  /// Bytes of all blocks of the process: what --max-memory bounds. Any thread.
  static std::uint64_t bytes_in_use() noexcept;

  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  const char* data() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
  std::uint32_t capacity() const noexcept { return capacity_; }
  std::uint32_t used() const noexcept { return used_; }
  std::uint32_t room() const noexcept { return capacity_ - used_; }

  /// Whether the caller's is the only reference: nothing that was written is in use any more. Holds
  /// until the caller hands out another reference.
  bool unique() const noexcept { return references_.load(std::memory_order_acquire) == 1; }
  /// Forgets what was written. REQUIRES: unique.
  void rewind() noexcept { used_ = 0; }

  /// Claims the next `bytes`; the writer fills them before anybody is told of them.
  char* extend(std::uint32_t bytes) noexcept {
    char* at = data() + used_;
    used_ += bytes;
    return at;
  }

 private:
  explicit Block(std::uint32_t capacity) noexcept : capacity_(capacity) {}
  ~Block() = default;

  friend void intrusive_ptr_add_ref(Block* block) noexcept {
    block->references_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(Block* block) noexcept;

  std::atomic<std::uint32_t> references_{0};
  std::uint32_t capacity_;
  std::uint32_t used_ = 0;
};

/// Consecutive messages of one topic that lie side by side in one block and were delivered equally
/// often: the unit in which messages move. Message i has the offset `first + i`.
struct Run {
  BlockPtr block;
  std::uint32_t begin = 0;     ///< byte position of the first frame in the block
  std::uint32_t end = 0;       ///< byte position behind the last frame
  std::uint32_t count = 0;     ///< messages
  std::uint16_t attempts = 0;  ///< deliveries so far, on this channel
  bool logged = false;         ///< the log has them too (or will): memory may let go of them
  Offset first = 0;

  std::uint32_t bytes() const noexcept { return end - begin; }
  std::string_view frames() const noexcept { return {block->data() + begin, bytes()}; }
};

/// Cuts the first `count` messages (fewer than run.count, at least 1) off `run` and returns them.
Run split_front(Run& run, std::uint32_t count);

/// Whether `next` continues `run`, so that both are one run. Neither knows of the other's block.
bool continues(const Run& run, const Run& next) noexcept;

/// A one-message run in a block of its own, copied there unless it is alone already: a message that
/// stays must not keep the messages alive that were published with it.
Run copy_out(Run run);

}  // namespace nsqd
