#include "clients/tools/nsq_bench/modes.hpp"

#include <random>

#include "clients/tools/nsq_bench/measure.hpp"

namespace nsq::bench {

std::uint16_t random_run() {
  std::random_device device;
  return static_cast<std::uint16_t>(1 + device() % 0xffff);
}

Result<int> run_mode(const Options& options) {
  if (auto ok = check_pid(options); !ok) return std::unexpected(ok.error());
  switch (options.mode) {
    case Mode::pub:
    case Mode::http:
      return run_publish(options);
    case Mode::sub:
      return run_consume(options);
    case Mode::pubsub:
      return run_pubsub(options);
    case Mode::defer:
      return run_defer(options);
    case Mode::conns:
      return run_idle_connections(options);
    case Mode::topics:
      return run_idle_topics(options);
  }
  return fail(Errc::bad_config, "no such mode");
}

}  // namespace nsq::bench
