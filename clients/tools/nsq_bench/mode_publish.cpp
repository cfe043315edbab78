#include "clients/tools/nsq_bench/admin.hpp"
#include "clients/tools/nsq_bench/measure.hpp"
#include "clients/tools/nsq_bench/modes.hpp"

namespace nsq::bench {
namespace {

constexpr Nanoseconds kNoAnswerFor = Seconds(30);

Command command_for(const Options& options) {
  const auto size = static_cast<std::size_t>(options.body_bytes);
  if (options.mode == Mode::http)
    return make_http_pub(options.http_headers(), options.topic, size, options.filling());
  if (options.batch == 1) return make_pub(options.topic, size, options.filling());
  return make_mpub(options.topic, static_cast<std::size_t>(options.batch), size, options.filling());
}

}  // namespace

Result<int> run_publish(const Options& given) {
  Options options = given;
  options.idle = kNoAnswerFor;
  if (options.fresh) {
    const auto channels =
        options.channels == 0 ? std::vector<std::string>{} : options.consumed_channels();
    auto ok = make_fresh(options, channels);
    if (!ok) return std::unexpected(ok.error());
  }
  Fleet fleet(options.threads);
  const ScanReplies scan = options.mode == Mode::http ? scan_http_replies : scan_frame_replies;
  auto opened = fleet.add_publishers(options, command_for(options), scan, random_run());
  if (!opened) return std::unexpected(opened.error());

  const Moment before = Moment::now(options.pid);
  const Ending ending = supervise(fleet, options, [&] { return fleet.published(); });
  const Moment after = Moment::now(options.pid);

  Report report;
  report_settings(report, options);
  report_publishing(report, fleet, options);
  report_cost(report, before, after, fleet.answered(), fleet.sent());
  report.growth("server_bytes_per_message", "server memory grew by, a message", before.server,
                after.server, fleet.answered());
  return conclude(report, options, fleet.health(), ending, fleet.sent() - fleet.answered());
}

}  // namespace nsq::bench
