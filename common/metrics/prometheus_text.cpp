#include "common/metrics/prometheus_text.hpp"

#include <array>
#include <iterator>

#include <fmt/format.h>

#include "common/wire/utf8.hpp"

namespace nsq::metrics {

void Labels::add(std::string_view name, std::string_view value) {
  if (!text_.empty()) text_ += ',';
  text_.append(name).append("=\"");
  while (!value.empty()) {
    const auto rune = wire::decode_rune(value);
    const std::string_view character = value.substr(0, rune.size);
    if (character == "\\" || character == "\"") text_ += '\\';
    if (character == "\n") {
      text_ += "\\n";
    } else {
      text_ += rune.valid ? character : wire::kReplacement;
    }
    value.remove_prefix(rune.size);
  }
  text_ += '"';
}

void PrometheusText::family(std::string_view name, MetricType type, std::string_view help) {
  constexpr std::array<std::string_view, 3> kNames{"counter", "gauge", "summary"};
  header(name, kNames[static_cast<std::size_t>(type)], help);
}

void PrometheusText::header(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  out_.append("# HELP ").append(name).append(" ").append(help);
  out_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void PrometheusText::begin_sample(std::string_view suffix, std::string_view labels,
                                  std::string_view le) {
  out_.append(name_).append(suffix);
  if (!labels.empty() || !le.empty()) {
    out_.append("{").append(labels);
    if (!le.empty()) out_.append(labels.empty() ? "le=\"" : ",le=\"").append(le).append("\"");
    out_.append("}");
  }
  out_ += ' ';
}

void PrometheusText::append_integer(std::int64_t value) {
  const fmt::format_int text(value);
  out_.append(text.data(), text.size()).append("\n");
}

void PrometheusText::append_seconds(Nanoseconds value) {
  fmt::format_to(std::back_inserter(out_), "{}\n", static_cast<double>(value.count()) / 1e9);
}

void PrometheusText::sample(const Labels& labels, double value) {
  begin_sample({}, labels.text(), {});
  fmt::format_to(std::back_inserter(out_), "{}\n", value);
}

void PrometheusText::sample(const Labels& labels, Nanoseconds value) {
  begin_sample({}, labels.text(), {});
  append_seconds(value);
}

void PrometheusText::histogram(std::string_view name, std::string_view help,
                               const HistogramCounts& counts) {
  header(name, "histogram", help);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < kLatencyBuckets; ++i) {
    below += counts.buckets[i];
    const double bound = static_cast<double>(bucket_bound(i).count()) / 1e9;
    begin_sample("_bucket", {}, fmt::format("{}", bound));
    append_integer(static_cast<std::int64_t>(below));
  }
  const auto all = static_cast<std::int64_t>(below + counts.buckets.back());
  begin_sample("_bucket", {}, "+Inf");
  append_integer(all);
  begin_sample("_sum", {}, {});
  append_seconds(counts.sum);
  begin_sample("_count", {}, {});
  append_integer(all);
}

}  // namespace nsq::metrics
