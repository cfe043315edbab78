#include "nsqd/queue/block.hpp"

#include <cstring>
#include <new>

#include "common/base/assert.hpp"
#include "nsqd/queue/frame.hpp"

namespace nsqd {

BlockPtr Block::create(std::uint32_t capacity) {
  void* memory = ::operator new(sizeof(Block) + capacity);
  return BlockPtr(new (memory) Block(capacity));
}

void intrusive_ptr_release(Block* block) noexcept {
  if (block->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  block->~Block();
  ::operator delete(block);
}

Run split_front(Run& run, std::uint32_t count) {
  NSQ_ASSERT(count > 0 && count < run.count);
  std::uint32_t at = run.begin;
  for (std::uint32_t i = 0; i < count; ++i) at += frame_bytes(run.block->data() + at);
  Run front{run.block, run.begin, at, count, run.attempts, run.first};
  run.begin = at;
  run.count -= count;
  run.first += count;
  return front;
}

bool continues(const Run& run, const Run& next) noexcept {
  return run.block == next.block && run.end == next.begin && run.attempts == next.attempts &&
         run.first + run.count == next.first;
}

Run copy_out(Run run) {
  NSQ_ASSERT(run.count == 1);
  if (run.begin == 0 && run.end == run.block->capacity()) return run;
  BlockPtr block = Block::create(run.bytes());
  std::memcpy(block->extend(run.bytes()), run.frames().data(), run.bytes());
  return {std::move(block), 0, run.bytes(), 1, run.attempts, run.first};
}

}  // namespace nsqd
