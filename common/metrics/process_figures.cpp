#include "common/metrics/process_figures.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "common/metrics/prometheus_text.hpp"

namespace nsq::metrics {
namespace {

std::uint64_t entries_of(const char* folder) {
  std::error_code error;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator each(folder, error), end; !error && each != end;
       each.increment(error)) {
    ++count;
  }
  return count;
}

Nanoseconds duration_of(const timeval& time) {
  return Seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

ProcessFigures read_process_figures() {
  ProcessFigures figures;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::ifstream statm("/proc/self/statm");
  std::uint64_t all_pages = 0;
  std::uint64_t resident_pages = 0;
  if (statm >> all_pages >> resident_pages) {
    figures.virtual_bytes = all_pages * page;
    figures.resident_bytes = resident_pages * page;
  }
  figures.open_files = entries_of("/proc/self/fd");
  figures.threads = entries_of("/proc/self/task");
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.max_files = limit.rlim_cur;
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    figures.cpu_time = duration_of(usage.ru_utime) + duration_of(usage.ru_stime);
  }
  return figures;
}

void add_process_figures(PrometheusText& text, const ProcessFigures& figures, WallTime start_time) {
  using enum MetricType;
  text.single("process_cpu_seconds_total", counter, "CPU time used, user and system.",
              figures.cpu_time);
  text.single("process_resident_memory_bytes", gauge, "Memory in use.", figures.resident_bytes);
  text.single("process_virtual_memory_bytes", gauge, "Address space in use.",
              figures.virtual_bytes);
  text.single("process_open_fds", gauge, "Open file descriptors.", figures.open_files);
  text.single("process_max_fds", gauge, "Limit of open file descriptors.", figures.max_files);
  text.single("process_threads", gauge, "Threads.", figures.threads);
  text.single("process_start_time_seconds", gauge, "When it started, in Unix time.",
              start_time.time_since_epoch());
}

}  // namespace nsq::metrics
