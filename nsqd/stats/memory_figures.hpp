#pragma once

#include <cstdint>

namespace nsqd {

/// What the allocator has, under the names of /stats and statsd that dashboards know. There is no
/// garbage collector, so the gc figures are 0; the allocator does not count objects either.
/// Source: spec/nsqd.md 6.5.
struct MemoryFigures {
  std::uint64_t heap_objects = 0;
  std::uint64_t heap_idle_bytes = 0;    ///< held by the allocator, free
  std::uint64_t heap_in_use_bytes = 0;  ///< allocated
  std::uint64_t heap_released_bytes =
      0;  ///< address space of the heap that has no memory behind it
  std::uint64_t gc_pause_usec_100 = 0;
  std::uint64_t gc_pause_usec_99 = 0;
  std::uint64_t gc_pause_usec_95 = 0;
  std::uint64_t next_gc_bytes = 0;
  std::uint64_t gc_total_runs = 0;
};

/// Calls `visit(name, value)` for each figure, in the order in which /stats shows them.
template <class Visit>
void for_each_figure(const MemoryFigures& figures, Visit visit) {
  visit("heap_objects", figures.heap_objects);
  visit("heap_idle_bytes", figures.heap_idle_bytes);
  visit("heap_in_use_bytes", figures.heap_in_use_bytes);
  visit("heap_released_bytes", figures.heap_released_bytes);
  visit("gc_pause_usec_100", figures.gc_pause_usec_100);
  visit("gc_pause_usec_99", figures.gc_pause_usec_99);
  visit("gc_pause_usec_95", figures.gc_pause_usec_95);
  visit("next_gc_bytes", figures.next_gc_bytes);
  visit("gc_total_runs", figures.gc_total_runs);
}

/// Asks the allocator. Takes its locks for a moment; any thread.
MemoryFigures read_memory_figures();

}  // namespace nsqd
