#include "common/metrics/prometheus_text.hpp"

#include <catch2/catch.hpp>

using namespace nsq::metrics;

TEST_CASE("a family is its help, its type and its samples", "[metrics]") {
  PrometheusText text;
  text.family("nsqd_topic_depth", MetricType::gauge, "Messages.");
  text.sample(Labels{{"topic", "t"}}, 7);
  text.sample(Labels{{"topic", "u"}, {"channel", "c"}}, 0.5);
  text.single("nsqd_age_seconds", MetricType::counter, "Age.", nsq::Milliseconds(1500));
  CHECK(text.take() ==
        "# HELP nsqd_topic_depth Messages.\n"
        "# TYPE nsqd_topic_depth gauge\n"
        "nsqd_topic_depth{topic=\"t\"} 7\n"
        "nsqd_topic_depth{topic=\"u\",channel=\"c\"} 0.5\n"
        "# HELP nsqd_age_seconds Age.\n"
        "# TYPE nsqd_age_seconds counter\n"
        "nsqd_age_seconds 1.5\n");
  CHECK(text.take().empty());
}

TEST_CASE("label values are escaped, and always UTF-8", "[metrics]") {
  const Labels labels{{"id", "a\"b\\c\nd\xff\xc3\xa9"}};
  CHECK(labels.text() == "id=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\xc3\xa9\"");
}

TEST_CASE("a histogram's buckets hold all that is smaller too", "[metrics]") {
  LatencyHistogram histogram;
  histogram.record(nsq::Nanoseconds(1));
  histogram.record(std::chrono::microseconds(20));
  histogram.record(std::chrono::hours(1000));
  PrometheusText text;
  text.histogram("x_seconds", "X.", histogram.read());
  const std::string out = text.take();
  CHECK(out.find("# TYPE x_seconds histogram\n"
                 "x_seconds_bucket{le=\"1.6e-05\"} 1\n"
                 "x_seconds_bucket{le=\"3.2e-05\"} 2\n"
                 "x_seconds_bucket{le=\"6.4e-05\"} 2\n") != out.npos);
  CHECK(out.ends_with(
      "x_seconds_bucket{le=\"+Inf\"} 3\nx_seconds_sum 3600000.000020001\nx_seconds_count 3\n"));
}
