#include <cstdio>
#include <string>
#include <utility>
#include <variant>

#include <fmt/core.h>

#include "common/base/log.hpp"
#include "common/config/version.hpp"
#include "nsqd/daemon/daemon.hpp"
#include "nsqd/migrate/upstream_export.hpp"
#include "nsqd/options/start_up.hpp"
#include "nsqd/storage/inspect.hpp"

namespace {

using nsqd::Options;

int fail(const std::string& what, const nsq::Error& error) {
  return nsqd::report({1, nsqd::Exit::Stream::fatal_log, what + " - " + error.text()});
}

nsq::Logger make_log(const Options& options) {
  return {nsq::make_stderr_sink(options.log_prefix, options.log_format), options.log_level};
}

int serve(const Options& options) {
  const nsq::Logger log = make_log(options);
  nsqd::Daemon daemon(options, log);
  if (const auto bound = daemon.bind(); !bound) {
    return fail("failed to instantiate nsqd", bound.error());
  }
  if (const auto loaded = daemon.load(); !loaded) {
    return fail("failed to load metadata", loaded.error());
  }
  log.info("{}", nsq::config::daemon_version_line("nsqd"));
  log.info("ID: {}", options.node_id);
  return daemon.run();
}

int inspect(const Options& options) {
  const auto report = nsqd::inspect({.data_path = options.inspect});
  if (!report) return fail("failed to inspect " + options.inspect, report.error());
  fmt::print("{}", nsqd::format_report(*report));
  return 0;
}

int export_upstream(const Options& options) {
  nsqd::migrate::ExportConfig config;
  config.database.data_path = options.data_path;
  config.to = options.export_upstream;
  config.max_bytes_per_file = static_cast<std::uint64_t>(options.max_bytes_per_file);
  const auto tell = [](const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  };
  const auto done = nsqd::migrate::export_upstream(config, make_log(options), tell);
  if (!done) return fail("failed to export to " + options.export_upstream, done.error());
  fmt::print("exported {} topics, {} channels, {} messages ({}, {} deferred) to {}\n", done->topics,
             done->channels, done->messages, nsqd::format_bytes(done->bytes), done->deferred,
             options.export_upstream);
  if (done->corrupt == 0) return 0;
  fmt::print("{} stretches of the log could not be read and are missing\n", done->corrupt);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto started = nsqd::start_up(argc, argv);
  if (const auto* exit = std::get_if<nsqd::Exit>(&started)) return nsqd::report(*exit);
  const Options& options = std::get<nsqd::Startup>(started).options;
  if (!options.inspect.empty()) return inspect(options);
  if (!options.export_upstream.empty()) return export_upstream(options);
  return serve(options);
}
