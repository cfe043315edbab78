#include <algorithm>

#include "clients/tools/nsq_bench/admin.hpp"
#include "clients/tools/nsq_bench/measure.hpp"
#include "clients/tools/nsq_bench/modes.hpp"

namespace nsq::bench {

Result<int> run_pubsub(const Options& options) {
  const std::vector<std::string> channels = options.consumed_channels();
  if (options.fresh) {
    auto ok = make_fresh(options, channels);
    if (!ok) return std::unexpected(ok.error());
  }
  const std::uint16_t run = random_run();
  const auto size = static_cast<std::size_t>(options.body_bytes);
  const Command command = options.batch == 1
                              ? make_pub(options.topic, size, options.filling())
                              : make_mpub(options.topic, static_cast<std::size_t>(options.batch),
                                          size, options.filling());
  Fleet fleet(options.threads);
  fleet.limit_backlog(static_cast<std::uint64_t>(options.window));
  if (auto ok = fleet.add_consumers(options, channels, run, true); !ok) {
    return std::unexpected(ok.error());
  }
  if (auto ok = fleet.add_publishers(options, command, scan_frame_replies, run); !ok) {
    return std::unexpected(ok.error());
  }

  const Moment before = Moment::now(options.pid);
  const Ending ending = supervise(fleet, options, [&] {
    return fleet.published() && fleet.received_by_slowest() >= fleet.sent();
  });
  const Moment after = Moment::now(options.pid);

  Report report;
  report_settings(report, options);
  report_publishing(report, fleet, options);
  const std::vector<std::uint64_t> sent = fleet.sent_by_publisher();
  const std::uint64_t lost = report_consuming(report, fleet, options, sent, 0, ending);
  // What counts when both go on at once: published and consumed on every channel.
  const double seconds = static_cast<double>(std::max(fleet.last_receive(), fleet.last_answer()) -
                                             fleet.started_at()) *
                         1e-9;
  report.number("through_per_s", "published and consumed everywhere, a second",
                static_cast<double>(fleet.received_by_slowest()) / std::max(seconds, 1e-9), "", 0);
  report.latency("latency", "end to end", *fleet.latency());
  report_cost(report, before, after, fleet.answered(), fleet.sent() + fleet.received());
  return conclude(report, options, fleet.health(), ending, lost);
}

}  // namespace nsq::bench
