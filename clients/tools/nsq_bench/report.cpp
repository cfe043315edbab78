#include "clients/tools/nsq_bench/report.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace nsq::bench {
namespace {

std::string number_text(double value, int decimals) {
  if (decimals > 0 || value < 0) return fmt::format("{:.{}f}", value, decimals);
  return with_commas(static_cast<std::uint64_t>(std::llround(value)));
}

// Three digits that mean something, in the unit that suits.
std::string time_text(double nanoseconds) {
  if (nanoseconds < 1e3) return fmt::format("{:.0f} ns", nanoseconds);
  if (nanoseconds < 1e6) return fmt::format("{:.1f} us", nanoseconds / 1e3);
  if (nanoseconds < 1e9) return fmt::format("{:.2f} ms", nanoseconds / 1e6);
  return fmt::format("{:.2f} s", nanoseconds / 1e9);
}

}  // namespace

std::string with_commas(std::uint64_t value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

void Report::text(std::string_view key, std::string_view label, std::string_view value) {
  rows_.push_back({std::string(label), std::string(value)});
  members_.push_back(
      {std::string(key),
       nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
}

void Report::count(std::string_view key, std::string_view label, std::uint64_t value) {
  rows_.push_back({std::string(label), with_commas(value)});
  members_.push_back({std::string(key), std::to_string(value)});
}

void Report::number(std::string_view key, std::string_view label, double value,
                    std::string_view unit, int decimals) {
  std::string shown = number_text(value, decimals);
  if (!unit.empty()) shown += fmt::format(" {}", unit);
  rows_.push_back({std::string(label), std::move(shown)});
  members_.push_back({std::string(key), nlohmann::json(value).dump()});
}

void Report::latency(std::string_view key, std::string_view label, const Histogram& times) {
  if (times.count() == 0) return;
  struct Quantile {
    std::string_view name;
    double share;
  };
  static constexpr Quantile kQuantiles[] = {{"p50", 0.5}, {"p99", 0.99}, {"p999", 0.999}};
  std::string line;
  const auto add = [&](std::string_view name, std::uint64_t nanoseconds) {
    const auto value = static_cast<double>(nanoseconds);
    line += fmt::format("{}{} {}", line.empty() ? "" : "   ", name, time_text(value));
    members_.push_back({fmt::format("{}_{}_us", key, name), nlohmann::json(value / 1e3).dump()});
  };
  members_.push_back({fmt::format("{}_count", key), std::to_string(times.count())});
  for (const auto& [name, share] : kQuantiles) add(name, times.quantile(share));
  add("max", times.max());
  rows_.push_back({std::string(label), line});
}

void Report::server(const std::optional<ProcessSample>& before,
                    const std::optional<ProcessSample>& after, std::uint64_t messages) {
  if (!before || !after) return;
  const double cpu = after->cpu_seconds - before->cpu_seconds;
  number("server_cpu_seconds", "server CPU", cpu, "s", 2);
  if (messages > 0) {
    number("server_cpu_per_million", "server CPU per million",
           cpu * 1e6 / static_cast<double>(messages), "s", 3);
  }
  number("server_rss_mb", "server memory", static_cast<double>(after->resident_bytes) / 1e6, "MB",
         1);
  number("server_peak_mb", "server memory, peak", static_cast<double>(after->peak_bytes) / 1e6,
         "MB", 1);
}

void Report::growth(std::string_view key, std::string_view label,
                    const std::optional<ProcessSample>& before,
                    const std::optional<ProcessSample>& after, std::uint64_t items) {
  if (!before || !after || items == 0) return;
  const double bytes =
      static_cast<double>(after->resident_bytes) - static_cast<double>(before->resident_bytes);
  number(key, label, bytes / static_cast<double>(items), "bytes", 1);
}

std::string Report::table() const {
  std::size_t width = 0;
  for (const Row& row : rows_) width = std::max(width, row.label.size());
  std::string text;
  for (const Row& row : rows_) {
    if (!row.label.empty()) text += fmt::format("{:<{}}  {}\n", row.label, width, row.value);
  }
  return text;
}

std::string Report::json() const {
  std::string text = "{";
  for (const Member& member : members_) {
    if (text.size() > 1) text += ',';
    text += fmt::format("\"{}\":{}", member.key, member.value);
  }
  return text + "}";
}

}  // namespace nsq::bench
