#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/tools/nsq_bench/histogram.hpp"
#include "clients/tools/nsq_bench/procfs.hpp"

namespace nsq::bench {

/// The result of a run: named figures in order, as a table for people and as one line of JSON.
class Report {
 public:
  /// @param key    the JSON member.
  /// @param label  the table's line; empty: JSON alone.
  void text(std::string_view key, std::string_view label, std::string_view value);
  void count(std::string_view key, std::string_view label, std::uint64_t value);
  /// @param unit      behind the number in the table.
  /// @param decimals  of the table's number; JSON has them all.
  void number(std::string_view key, std::string_view label, double value, std::string_view unit,
              int decimals);

  /// Count, p50, p99, p99.9 and max of times in nanoseconds; in the JSON `<key>_p50_us` and so on.
  void latency(std::string_view key, std::string_view label, const Histogram& times);

  /// What the server spent between two samples: CPU seconds in all and per million of `messages`,
  /// memory now and at its peak. Nothing when a sample is missing.
  void server(const std::optional<ProcessSample>& before, const std::optional<ProcessSample>& after,
              std::uint64_t messages);

  /// How much the server's memory grew for each of `items`, as `<key>`. Nothing when a sample is
  /// missing or there are no items.
  void growth(std::string_view key, std::string_view label,
              const std::optional<ProcessSample>& before, const std::optional<ProcessSample>& after,
              std::uint64_t items);

  std::string table() const;
  std::string json() const;

 private:
  struct Row {
    std::string label;  ///< empty: not in the table
    std::string value;
  };
  struct Member {
    std::string key;
    std::string value;  ///< as JSON
  };
  std::vector<Row> rows_;
  std::vector<Member> members_;
};

/// `1234567` as `1,234,567`.
std::string with_commas(std::uint64_t value);

}  // namespace nsq::bench
