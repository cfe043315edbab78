#include "clients/tools/nsq_bench/procfs.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

#include <fmt/core.h>

namespace nsq::bench {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The next word of `text`, which loses it.
std::string_view take_word(std::string_view& text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin);
  const auto end = std::min(text.find_first_of(" \t\n"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

std::optional<std::uint64_t> to_number(std::string_view word) {
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (code != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::uint64_t> parse_stat_ticks(std::string_view stat) {
  const auto name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  std::string_view rest = stat.substr(name_end + 1);
  // Behind the name: state (field 3) ... cmajflt (13), then utime (14) and stime (15).
  for (int field = 3; field <= 13; ++field) take_word(rest);
  const auto user = to_number(take_word(rest));
  const auto system = to_number(take_word(rest));
  if (!user || !system) return std::nullopt;
  return *user + *system;
}

std::optional<std::uint64_t> parse_status_bytes(std::string_view status, std::string_view name) {
  std::size_t at = status.starts_with(name) ? 0 : status.find("\n" + std::string(name));
  if (at == std::string_view::npos) return std::nullopt;
  at += (status[at] == '\n' ? 1 : 0) + name.size();
  std::string_view rest = status.substr(at);
  const auto kilobytes = to_number(take_word(rest));
  if (!kilobytes) return std::nullopt;
  return *kilobytes * 1024;
}

std::optional<ProcessSample> sample_process(std::int64_t pid) {
  const auto ticks = parse_stat_ticks(read_file(fmt::format("/proc/{}/stat", pid)));
  const std::string status = read_file(fmt::format("/proc/{}/status", pid));
  const auto resident = parse_status_bytes(status, "VmRSS:");
  const auto peak = parse_status_bytes(status, "VmHWM:");
  if (!ticks || !resident || !peak) return std::nullopt;
  return ProcessSample{
      .cpu_seconds = static_cast<double>(*ticks) / static_cast<double>(sysconf(_SC_CLK_TCK)),
      .resident_bytes = *resident,
      .peak_bytes = *peak};
}

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace nsq::bench
