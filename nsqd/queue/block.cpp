#include "nsqd/queue/block.hpp"

#include <cstring>
#include <new>

#include "common/base/assert.hpp"
#include "nsqd/queue/frame.hpp"

namespace nsqd {
namespace {

std::atomic<std::uint64_t> all_bytes{0};

}  // namespace

std::uint64_t Block::bytes_in_use() noexcept {
  return all_bytes.load(std::memory_order_relaxed);
}

BlockPtr Block::create(std::uint32_t capacity) {
  void* memory = ::operator new(sizeof(Block) + capacity);
  all_bytes.fetch_add(sizeof(Block) + capacity, std::memory_order_relaxed);
  return BlockPtr(new (memory) Block(capacity));
}

void intrusive_ptr_release(Block* block) noexcept {
  if (block->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  all_bytes.fetch_sub(sizeof(Block) + block->capacity_, std::memory_order_relaxed);
  block->~Block();
  ::operator delete(block);
}

Run split_front(Run& run, std::uint32_t count) {
  NSQ_ASSERT(count > 0 && count < run.count);
  std::uint32_t at = run.begin;
  for (std::uint32_t i = 0; i < count; ++i) at += frame_bytes(run.block->data() + at);
  Run front = run;
  front.end = at;
  front.count = count;
  run.begin = at;
  run.count -= count;
  run.first += count;
  return front;
}

bool continues(const Run& run, const Run& next) noexcept {
  return run.block == next.block && run.end == next.begin && run.attempts == next.attempts &&
         run.logged == next.logged && run.first + run.count == next.first;
}

Run copy_out(Run run) {
  NSQ_ASSERT(run.count == 1);
  if (run.begin == 0 && run.end == run.block->capacity()) return run;
  BlockPtr block = Block::create(run.bytes());
  std::memcpy(block->extend(run.bytes()), run.frames().data(), run.bytes());
  run.end = run.bytes();
  run.begin = 0;
  run.block = std::move(block);
  return run;
}

}  // namespace nsqd
