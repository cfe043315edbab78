#include <fmt/core.h>

#include "clients/tools/nsq_bench/admin.hpp"
#include "clients/tools/nsq_bench/measure.hpp"
#include "clients/tools/nsq_bench/modes.hpp"

namespace nsq::bench {
namespace {

// Publishes what is to be consumed, and waits until the server has it where consumers find it.
Result<void> prefill(const Options& given, std::uint16_t run) {
  Options options = given;
  options.mode = Mode::pub;
  options.connections = 1;
  options.batch = std::min<std::int64_t>(200, options.messages);
  options.depth = 4;
  Fleet fleet(1);
  const Command command =
      make_mpub(options.topic, static_cast<std::size_t>(options.batch),
                static_cast<std::size_t>(options.body_bytes), options.filling());
  auto opened = fleet.add_publishers(options, command, scan_frame_replies, run);
  if (!opened) return opened;
  const Ending ending = supervise(fleet, options, [&] { return fleet.published(); });
  if (ending != Ending::finished) {
    return fail(Errc::rejected,
                fmt::format("-prefill: {} {}", to_string(ending), fleet.health().first_error()));
  }
  if (!sleep_for(options.settle)) return fail(Errc::closed, "interrupted");
  return {};
}

}  // namespace

Result<int> run_consume(const Options& options) {
  const std::vector<std::string> channels = options.consumed_channels();
  if (options.fresh) {
    auto ok = make_fresh(options, channels);
    if (!ok) return std::unexpected(ok.error());
  }
  std::optional<std::uint16_t> run;
  if (options.prefill) {
    run = random_run();
    if (auto ok = prefill(options, *run); !ok) return std::unexpected(ok.error());
  }
  Fleet fleet(options.threads);
  if (auto ok = fleet.add_consumers(options, channels, run, false); !ok) {
    return std::unexpected(ok.error());
  }

  const auto expected = static_cast<std::uint64_t>(options.messages);
  const Moment before = Moment::now(options.pid);
  const Ending ending = supervise(
      fleet, options, [&] { return expected > 0 && fleet.received_by_slowest() >= expected; });
  const Moment after = Moment::now(options.pid);

  Report report;
  report_settings(report, options);
  const std::uint64_t lost =
      report_consuming(report, fleet, options, std::nullopt, expected, ending);
  report_cost(report, before, after, fleet.received(), fleet.received());
  return conclude(report, options, fleet.health(), ending, lost);
}

}  // namespace nsq::bench
