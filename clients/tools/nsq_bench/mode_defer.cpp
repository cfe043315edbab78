#include <algorithm>

#include "clients/tools/nsq_bench/admin.hpp"
#include "clients/tools/nsq_bench/measure.hpp"
#include "clients/tools/nsq_bench/modes.hpp"

namespace nsq::bench {

Result<int> run_defer(const Options& options) {
  const std::vector<std::string> channels = options.consumed_channels();
  if (options.fresh) {
    auto ok = make_fresh(options, channels);
    if (!ok) return std::unexpected(ok.error());
  }
  const std::uint16_t run = random_run();
  const Command command =
      make_dpub(options.topic, static_cast<std::size_t>(options.body_bytes), options.filling());
  Fleet fleet(options.threads);
  if (auto ok = fleet.add_consumers(options, channels, run, true); !ok) {
    return std::unexpected(ok.error());
  }
  if (auto ok = fleet.add_publishers(options, command, scan_frame_replies, run); !ok) {
    return std::unexpected(ok.error());
  }

  // The server's memory is looked at when it has taken everything, and, if -delay-min is long
  // enough, given nothing back yet.
  std::optional<Moment> full;
  std::uint64_t received_when_full = 0;
  const Moment before = Moment::now(options.pid);
  const Ending ending = supervise(
      fleet, options,
      [&] {
        if (!fleet.published()) return false;
        if (!full) {
          full = Moment::now(options.pid);
          received_when_full = fleet.received();
        }
        return fleet.received_by_slowest() >= fleet.sent();
      },
      [&] { return fleet.last_answer() + options.delay_max.count(); });
  const Moment after = Moment::now(options.pid);

  Report report;
  report_settings(report, options);
  report_publishing(report, fleet, options);
  const std::vector<std::uint64_t> sent = fleet.sent_by_publisher();
  const std::uint64_t lost = report_consuming(report, fleet, options, sent, 0, ending);
  report.count("early", "early", fleet.early());
  report.latency("lateness", "late by", *fleet.latency());
  if (full) {
    report.growth("server_bytes_per_message", "server memory grew by, a deferred message",
                  before.server, full->server, fleet.answered());
    report.count("received_when_full", received_when_full > 0 ? "due before all was published" : "",
                 received_when_full);
  }
  report_cost(report, before, after, fleet.answered(), fleet.sent() + fleet.received());
  return conclude(report, options, fleet.health(), ending, lost);
}

}  // namespace nsq::bench
