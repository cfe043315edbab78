#include "clients/tools/nsq_bench/admin.hpp"
#include "clients/tools/nsq_bench/measure.hpp"
#include "clients/tools/nsq_bench/modes.hpp"

namespace nsq::bench {
namespace {

// What the server does while nothing happens, over -hold.
void report_idling(Report& report, const Moment& from, const Moment& to) {
  if (!from.server || !to.server) return;
  const double seconds = static_cast<double>(to.at - from.at) * 1e-9;
  const double cpu = to.server->cpu_seconds - from.server->cpu_seconds;
  report.number("hold_seconds", "measured over", seconds, "s", 1);
  report.number("server_idle_cpu_percent", "server CPU, of one core", 100 * cpu / seconds, "%", 2);
  report.number("server_rss_mb", "server memory",
                static_cast<double>(to.server->resident_bytes) / 1e6, "MB", 1);
  report.number("server_peak_mb", "server memory, peak",
                static_cast<double>(to.server->peak_bytes) / 1e6, "MB", 1);
}

}  // namespace

Result<int> run_idle_connections(const Options& options) {
  raise_file_limit();
  Fleet fleet(1);
  const auto count = static_cast<std::uint64_t>(options.connections);
  const auto topics = static_cast<std::uint64_t>(options.topics);
  // Each topic's first connection makes it, and is not counted.
  if (auto ok = fleet.add_idle_subscriptions(options, topics); !ok) {
    return std::unexpected(ok.error());
  }
  if (!sleep_for(options.settle)) return fail(Errc::closed, "interrupted");
  const Moment before = Moment::now(options.pid);
  if (auto ok = fleet.add_idle_subscriptions(options, count); !ok) {
    return std::unexpected(ok.error());
  }
  const Moment opened = Moment::now(options.pid);

  Options holding = options;
  holding.idle = holding.timeout;  // standing still is the point here
  std::optional<Moment> settled;
  const Ending ending = supervise(fleet, holding, [&] {
    const std::int64_t passed = steady_nanos() - fleet.started_at();
    if (!settled && passed >= options.settle.count()) settled = Moment::now(options.pid);
    return passed >= (options.settle + options.hold).count();
  });
  const Moment after = Moment::now(options.pid);

  Report report;
  report.text("mode", "mode", to_string(options.mode));
  report_layers(report, options);
  report.count("connections", "connections", count);
  report.count("topics", "topics", topics);
  report.number("open_seconds", "opening took", static_cast<double>(opened.at - before.at) * 1e-9,
                "s", 3);
  report.growth("server_bytes_per_connection", "server memory grew by, a connection", before.server,
                after.server, count);
  if (settled) report_idling(report, *settled, after);
  return conclude(report, options, fleet.health(), ending, 0);
}

Result<int> run_idle_topics(const Options& options) {
  auto admin = Admin::connect(options);
  if (!admin) return std::unexpected(admin.error());
  const auto topics = static_cast<std::uint64_t>(options.topics);
  const auto channels = static_cast<std::uint64_t>(options.channels);
  const Moment before = Moment::now(options.pid);
  for (std::uint64_t t = 0; t < topics && !interrupted(); ++t) {
    const std::string topic = numbered_topic(options.topic, t);
    if (options.fresh) {
      if (auto ok = admin->delete_topic(topic); !ok) return std::unexpected(ok.error());
    }
    if (auto ok = admin->create_topic(topic); !ok) return std::unexpected(ok.error());
    for (std::uint64_t c = 0; c < channels; ++c) {
      auto ok = admin->create_channel(topic, "ch" + std::to_string(c));
      if (!ok) return std::unexpected(ok.error());
    }
  }
  const Moment made = Moment::now(options.pid);
  const bool in_full = sleep_for(options.settle);
  const Moment settled = Moment::now(options.pid);
  const bool held = in_full && sleep_for(options.hold);
  const Moment after = Moment::now(options.pid);

  Report report;
  report.text("mode", "mode", to_string(options.mode));
  report.count("topics", "topics", topics);
  report.count("channels", "channels of each", channels);
  report.number("create_seconds", "making them took",
                static_cast<double>(made.at - before.at) * 1e-9, "s", 3);
  report.growth("server_bytes_per_topic", "server memory grew by, a topic", before.server,
                after.server, topics);
  report.growth("server_bytes_per_channel", "the same, a channel", before.server, after.server,
                topics * channels);
  report_idling(report, settled, after);
  return conclude(report, options, Health{}, held ? Ending::finished : Ending::interrupted, 0);
}

}  // namespace nsq::bench
