#pragma once

#include <cstdint>

#include "common/base/clock.hpp"

namespace nsq::metrics {

class PrometheusText;

/// This process at one moment. What cannot be read is 0.
struct ProcessFigures {
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_files = 0;
  std::uint64_t max_files = 0;
  std::uint64_t threads = 0;
  Nanoseconds cpu_time{};
};

/// Reads /proc/self. Any thread.
ProcessFigures read_process_figures();

/// Adds them under the names that Prometheus' client libraries give them (`process_…`).
void add_process_figures(PrometheusText& text, const ProcessFigures& figures, WallTime start_time);

}  // namespace nsq::metrics
