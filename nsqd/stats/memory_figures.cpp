#include "nsqd/stats/memory_figures.hpp"

#include <malloc.h>
#include <unistd.h>

#include <fstream>

namespace nsqd {
namespace {

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

MemoryFigures read_memory_figures() {
  const auto heap = ::mallinfo2();
  const std::uint64_t mapped = heap.arena + heap.hblkhd;
  const std::uint64_t resident = resident_bytes();
  MemoryFigures figures;
  figures.heap_in_use_bytes = heap.uordblks + heap.hblkhd;
  figures.heap_idle_bytes = heap.fordblks;
  figures.heap_released_bytes = mapped > resident ? mapped - resident : 0;
  return figures;
}

}  // namespace nsqd
