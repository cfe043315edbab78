#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nsq::bench {

/// A process at one moment, from /proc.
struct ProcessSample {
  double cpu_seconds = 0;            ///< user and system time of all its threads
  std::uint64_t resident_bytes = 0;  ///< VmRSS
  std::uint64_t peak_bytes = 0;      ///< VmHWM: the most it ever had
};

/// Reads /proc/<pid>; nullopt when there is no such process.
std::optional<ProcessSample> sample_process(std::int64_t pid);

/// User and system time in clock ticks, from the text of /proc/<pid>/stat. The program's name in it
/// may contain spaces and parentheses.
std::optional<std::uint64_t> parse_stat_ticks(std::string_view stat);

/// A `kB` value of /proc/<pid>/status, in bytes. @param name  with the colon, e.g. "VmRSS:".
std::optional<std::uint64_t> parse_status_bytes(std::string_view status, std::string_view name);

/// User and system time of this process, all threads.
double own_cpu_seconds();

}  // namespace nsq::bench
