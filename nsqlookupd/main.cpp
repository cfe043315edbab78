#include <variant>

#include "common/base/log.hpp"
#include "common/config/version.hpp"
#include "nsqlookupd/daemon/daemon.hpp"
#include "nsqlookupd/options/start_up.hpp"

int main(int argc, char** argv) {
  using nsq::config::Exit;
  constexpr std::string_view kProgram = "nsqlookupd";
  const auto started = nsqlookupd::start_up(argc, argv);
  if (const auto* exit = std::get_if<Exit>(&started)) return report(*exit, kProgram);
  const auto& options = std::get<nsqlookupd::Options>(started);

  const nsq::Logger log(nsq::make_stderr_sink(options.log_prefix, options.log_format),
                        options.log_level);
  log.info("{}", nsq::config::daemon_version_line(kProgram));
  nsqlookupd::Daemon daemon(options, log);
  if (const auto bound = daemon.bind(); !bound) {
    return report(
        nsq::config::fatal_exit("failed to instantiate nsqlookupd - " + bound.error().text()),
        kProgram);
  }
  return daemon.run();
}
