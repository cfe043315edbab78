#include "clients/tools/nsq_bench/report.hpp"

#include <catch2/catch.hpp>

using namespace nsq::bench;

TEST_CASE("numbers are shown in groups of three digits", "[nsq_bench][report]") {
  CHECK(with_commas(0) == "0");
  CHECK(with_commas(999) == "999");
  CHECK(with_commas(1000) == "1,000");
  CHECK(with_commas(1234567) == "1,234,567");
}

TEST_CASE("a report is a table and a line of JSON", "[nsq_bench][report]") {
  Report report;
  report.text("mode", "mode", "pub \"x\"");
  report.count("sent", "published", 1234);
  report.count("hidden", "", 5);
  report.number("seconds", "took", 1.5, "s", 3);
  CHECK(report.table() ==
        "mode       pub \"x\"\n"
        "published  1,234\n"
        "took       1.500 s\n");
  CHECK(report.json() == R"({"mode":"pub \"x\"","sent":1234,"hidden":5,"seconds":1.5})");
}

TEST_CASE("latencies are in microseconds in the JSON", "[nsq_bench][report]") {
  Histogram times;
  times.record(200'000);
  Report report;
  report.latency("latency", "end to end", times);
  CHECK(report.json() == R"({"latency_count":1,"latency_p50_us":200.0,"latency_p99_us":200.0,)"
                         R"("latency_p999_us":200.0,"latency_max_us":200.0})");
  CHECK(report.table() ==
        "end to end  p50 200.0 us   p99 200.0 us   p999 200.0 us   max 200.0 us\n");
}

TEST_CASE("the server's cost needs both samples", "[nsq_bench][report]") {
  const ProcessSample before{.cpu_seconds = 1, .resident_bytes = 1'000, .peak_bytes = 2'000};
  const ProcessSample after{.cpu_seconds = 3, .resident_bytes = 1'001'000, .peak_bytes = 4'000'000};
  Report report;
  report.server(before, std::nullopt, 1);
  report.growth("bytes", "bytes", std::nullopt, after, 1);
  CHECK(report.json() == "{}");
  report.server(before, after, 4'000'000);
  report.growth("bytes", "bytes", before, after, 10);
  CHECK(report.json() ==
        R"({"server_cpu_seconds":2.0,"server_cpu_per_million":0.5,"server_rss_mb":1.001,)"
        R"("server_peak_mb":4.0,"bytes":100000.0})");
}
