#include <utility>
#include <variant>

#include "common/base/log.hpp"
#include "common/config/version.hpp"
#include "nsqd/daemon/daemon.hpp"
#include "nsqd/options/start_up.hpp"

int main(int argc, char** argv) {
  auto started = nsqd::start_up(argc, argv);
  if (const auto* exit = std::get_if<nsqd::Exit>(&started)) return nsqd::report(*exit);
  auto& [options, lock] = std::get<nsqd::Startup>(started);

  const nsq::Logger log(nsq::make_stderr_sink(options.log_prefix), options.log_level);
  nsqd::Daemon daemon(options, log);
  if (const auto bound = daemon.bind(); !bound) {
    return nsqd::report(
        {1, nsqd::Exit::Stream::fatal_log, "failed to instantiate nsqd - " + bound.error().text()});
  }
  if (const auto loaded = daemon.load(); !loaded) {
    return nsqd::report(
        {1, nsqd::Exit::Stream::fatal_log, "failed to load metadata - " + loaded.error().text()});
  }
  log.info("{}", nsq::config::daemon_version_line("nsqd"));
  log.info("ID: {}", options.node_id);
  for (const auto& line : nsqd::ignored_settings(options)) log.warn("{}", line);
  return daemon.run();
}
