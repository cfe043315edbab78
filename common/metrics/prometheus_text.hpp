#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/clock.hpp"
#include "common/metrics/histogram.hpp"

namespace nsq::metrics {

/// The labels of a sample in their written form, made once for all samples of an object.
class Labels {
 public:
  Labels() = default;
  Labels(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
    for (const auto& [name, value] : pairs) add(name, value);
  }

  /// @param value  any bytes: what Prometheus could not read is escaped, or becomes U+FFFD.
  void add(std::string_view name, std::string_view value);

  /// `a="1",b="2"`
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

/// A summary's samples are quantiles, in a label `quantile`.
enum class MetricType : std::uint8_t { counter, gauge, summary };

/// Writes Prometheus' text format, version 0.0.4: families one after the other, each begun by its
/// own call and followed by its samples. Names are those of the caller, by Prometheus' conventions:
/// base units (`_seconds`, `_bytes`), counters ending in `_total`. Not thread-safe.
class PrometheusText {
 public:
  /// The media type to answer it with.
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  /// Begins a family. `name` and `help` are literals without quotes, backslashes and line ends.
  void family(std::string_view name, MetricType type, std::string_view help);

  /// A sample of the family.
  template <std::integral Number>
  void sample(const Labels& labels, Number value) {
    begin_sample({}, labels.text(), {});
    append_integer(static_cast<std::int64_t>(value));
  }
  void sample(const Labels& labels, double value);
  void sample(const Labels& labels, Nanoseconds value);  // in seconds

  /// A family of one sample without labels.
  template <class Number>
  void single(std::string_view name, MetricType type, std::string_view help, Number value) {
    family(name, type, help);
    sample(Labels(), value);
  }

  /// A family of one histogram without labels, in seconds.
  void histogram(std::string_view name, std::string_view help, const HistogramCounts& counts);

  /// The text so far; nothing is left.
  std::string take() { return std::exchange(out_, {}); }

 private:
  void header(std::string_view name, std::string_view type, std::string_view help);
  void begin_sample(std::string_view suffix, std::string_view labels, std::string_view le);
  void append_integer(std::int64_t value);
  void append_seconds(Nanoseconds value);

  std::string out_;
  std::string name_;  // of the family at hand
};

}  // namespace nsq::metrics
