#include "clients/tools/nsq_bench/measure.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/core.h>

namespace nsq::bench {
namespace {

double seconds_between(std::int64_t from, std::int64_t to) {
  return std::max(1e-9, static_cast<double>(to - from) * 1e-9);
}

void report_rate(Report& report, const std::string& key, std::string_view what,
                 std::uint64_t messages, double seconds, std::int64_t body_bytes) {
  const double rate = static_cast<double>(messages) / seconds;
  report.number(key + "_per_s", fmt::format("{} a second", what), rate, "", 0);
  report.number(key + "_mb_per_s", "", rate * static_cast<double>(body_bytes) / 1e6, "MB/s", 1);
}

}  // namespace

Moment Moment::now(std::int64_t pid) {
  Moment moment{.at = steady_nanos(), .own_cpu_seconds = bench::own_cpu_seconds()};
  if (pid > 0) moment.server = sample_process(pid);
  return moment;
}

Result<void> check_pid(const Options& options) {
  if (options.pid == 0 || sample_process(options.pid)) return {};
  return fail(Errc::bad_config, fmt::format("-pid: there is no process {}", options.pid));
}

void report_layers(Report& report, const Options& options) {
  const std::string layers = options.layers();
  if (!layers.empty()) report.text("layers", "layers", layers);
}

void report_settings(Report& report, const Options& options) {
  report.text("mode", "mode", to_string(options.mode));
  report.text("topic", "topic", options.topic);
  report.count("connections", "connections", static_cast<std::uint64_t>(options.connections));
  report_layers(report, options);
  report.text("bodies", "", options.words ? "words" : "noise");
  report.count("size", "", static_cast<std::uint64_t>(options.body_bytes));
  report.count("batch", "", static_cast<std::uint64_t>(options.batch));
  report.count("depth", "", static_cast<std::uint64_t>(options.depth));
  report.number("rate", "", options.rate, "", 0);
  report.count("rdy", "", static_cast<std::uint64_t>(options.rdy));
}

void report_publishing(Report& report, const Fleet& fleet, const Options& options) {
  const double seconds = seconds_between(fleet.started_at(), fleet.last_answer());
  report.count("sent", "published", fleet.sent());
  report.count("answered", "answered", fleet.answered());
  report.number("publish_seconds", "publishing took", seconds, "s", 3);
  report_rate(report, "published", "published", fleet.answered(), seconds, options.body_bytes);
  report.latency("answer", "until answered", *fleet.answer_latency());
}

std::uint64_t report_consuming(Report& report, const Fleet& fleet, const Options& options,
                               std::optional<std::span<const std::uint64_t>> sent,
                               std::uint64_t expected, Ending ending) {
  const double seconds = seconds_between(fleet.started_at(), fleet.last_receive());
  std::uint64_t lost = 0;
  std::uint64_t repeated = 0;
  std::uint64_t foreign = 0;
  for (std::size_t i = 0; i < fleet.channels(); ++i) {
    const Tracker channel = fleet.channel(i);
    repeated += channel.repeated();
    foreign += channel.foreign();
    if (sent) {
      lost += channel.lost(*sent);
    } else if (expected > 0) {
      lost += expected - std::min(expected, channel.distinct());
    } else {
      lost += channel.gaps();
    }
  }
  report.count("channels", "channels", fleet.channels());
  report.count("received", "consumed", fleet.received());
  report.number("consume_seconds", "consuming took", seconds, "s", 3);
  report_rate(report, "consumed", "consumed", fleet.received(), seconds, options.body_bytes);
  if (ending == Ending::interrupted) {
    report.count("outstanding", "not yet consumed", lost);
    lost = 0;
  } else {
    report.count("lost", "lost", lost);
  }
  report.count("repeated", "repeated", repeated);
  report.count("foreign", foreign > 0 ? "of another run" : "", foreign);
  return lost;
}

void report_cost(Report& report, const Moment& before, const Moment& after, std::uint64_t messages,
                 std::uint64_t handled) {
  report.server(before.server, after.server, messages);
  const double own = after.own_cpu_seconds - before.own_cpu_seconds;
  report.number("bench_cpu_seconds", "own CPU", own, "s", 2);
  if (handled > 0) {
    report.number("bench_ns_per_message", "own CPU a message sent or received",
                  own * 1e9 / static_cast<double>(handled), "ns", 0);
  }
}

int conclude(Report& report, const Options& options, const Health& health, Ending ending,
             std::uint64_t lost) {
  const std::string error = health.first_error();
  report.text("ending", ending == Ending::finished ? "" : "ended", to_string(ending));
  report.count("errors", health.errors() > 0 ? "errors" : "", health.errors());
  if (!error.empty()) report.text("error", "first error", error);
  if (!options.json_only) fmt::print("{}\n", report.table());
  fmt::print("{}\n", report.json());
  std::fflush(stdout);
  if (!error.empty()) fmt::print(stderr, "nsq_bench: {}\n", error);
  const bool bad = health.errors() > 0 || ending == Ending::failed || ending == Ending::timed_out ||
                   (lost > 0 && ending != Ending::interrupted);
  return bad ? 1 : 0;
}

}  // namespace nsq::bench
