#include "nsqd/http/heap_report.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <ranges>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/metrics/process_figures.hpp"
#include "nsqd/http/topic_memory.hpp"
#include "nsqd/queue/block.hpp"
#include "nsqd/stats/memory_figures.hpp"
#include "nsqd/storage/store.hpp"

namespace nsqd {
namespace {

/// Further topics are for /debug/memory.
constexpr std::size_t kMaxTopics = 20;

void add(std::string& text, std::uint64_t bytes, std::string_view what) {
  fmt::format_to(std::back_inserter(text), "{:>14}  {}\n", bytes, what);
}

void add_process(std::string& text) {
  const auto process = nsq::metrics::read_process_figures();
  text += "process\n";
  add(text, process.resident_bytes, "resident");
  add(text, process.virtual_bytes, "address space");
}

/// What the parts hold is allocated, so it is a part of `in_use`; what is left has no name.
void add_parts(std::string& text, const ApiContext& context, std::uint64_t in_use) {
  std::uint64_t known = 0;
  const auto part = [&](std::uint64_t bytes, std::string_view what) {
    add(text, bytes, what);
    known += bytes;
  };
  text += "\nof what is allocated\n";
  part(Block::bytes_in_use(), "messages, which the channels of a topic share");
  if (const Store* store = context.instruments.store) {
    const StorageFigures figures = store->figures();
    std::uint64_t memtables = 0;
    for (const auto& family : figures.families) memtables += family.memtable_bytes;
    part(memtables, "the log: written, and in no table yet");
    part(figures.block_cache_bytes, "the log: cache of blocks of tables");
  }
  add(text, in_use - std::min(in_use, known),
      fmt::format("all the rest: topics, channels, {} TCP connections, what RocksDB has open",
                  context.clients.count()));
}

void add_topics(std::string& text, const ApiContext& context) {
  const auto topics = topics_by_memory(context.broker);
  fmt::format_to(std::back_inserter(text), "\ntopics, {} of {}\n",
                 std::min(topics.size(), kMaxTopics), topics.size());
  for (const TopicStats& topic : topics | std::views::take(kMaxTopics)) {
    add(text, memory_bytes(topic), topic.name);
  }
}

}  // namespace

std::string heap_report(const ApiContext& context) {
  const MemoryFigures heap = read_memory_figures();
  std::string text;
  add_process(text);
  text += "\nallocator (/debug/pprof/heap?debug=2 has its arenas)\n";
  add(text, heap.heap_in_use_bytes, "allocated");
  add(text, heap.heap_idle_bytes, "free, kept for later (POST /debug/freememory gives it back)");
  add_parts(text, context, heap.heap_in_use_bytes);
  add_topics(text, context);
  return text;
}

std::string allocator_arenas() {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* const stream = ::open_memstream(&text, &size);
  if (!stream) return {};
  const int failed = ::malloc_info(0, stream);
  std::fclose(stream);
  const std::unique_ptr<char, decltype(&std::free)> owner(text, &std::free);
  return failed == 0 ? std::string(text, size) : std::string();
}

}  // namespace nsqd
