#include "nsqd/stats/stats_text.hpp"

#include <chrono>
#include <ctime>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "common/config/values.hpp"
#include "common/config/version.hpp"

namespace nsqd {
namespace {

using nsq::config::format_duration;

/// `2006-01-02T15:04:05Z`, or `+02:00` for the Z.
std::string rfc3339(nsq::WallTime time) {
  const std::time_t seconds = std::chrono::floor<nsq::Seconds>(time).time_since_epoch().count();
  std::tm local{};
  ::localtime_r(&seconds, &local);
  std::string text = fmt::format("{:%Y-%m-%dT%H:%M:%S}", local);
  if (local.tm_gmtoff == 0) return text + "Z";
  const long minutes = (local.tm_gmtoff < 0 ? -local.tm_gmtoff : local.tm_gmtoff) / 60;
  return text +
         fmt::format("{}{:02}:{:02}", local.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

std::string_view port_of(std::string_view remote_address) {
  const auto colon = remote_address.rfind(':');
  return colon == remote_address.npos ? std::string_view() : remote_address.substr(colon + 1);
}

/// One decimal, in the largest unit of which there is more than one. Source: spec/nsqd.md 6.5.
std::string in_unit(nsq::Nanoseconds value) {
  const auto count = static_cast<double>(value.count());
  if (count > 1e9) return fmt::format("{:.1f}s", count / 1e9);
  if (count > 1e6) return fmt::format("{:.1f}ms", count / 1e6);
  if (count > 1e3) return fmt::format("{:.1f}us", count / 1e3);
  return fmt::format("{:.1f}ns", count);
}

class Writer {
 public:
  explicit Writer(const StatsSnapshot& snapshot) : snapshot_(snapshot) {}

  std::string document() {
    put("{}\nstart_time {}\nuptime {}\n\nHealth: {}\n", nsq::config::daemon_version_line("nsqd"),
        rfc3339(snapshot_.start_time), format_duration(snapshot_.taken_at - snapshot_.start_time),
        snapshot_.health);
    if (snapshot_.memory) memory(*snapshot_.memory);
    if (!snapshot_.topics || snapshot_.topics->empty()) {
      put("\nTopics: None\n");
    } else {
      put("\nTopics:");
      for (const TopicStats& each : *snapshot_.topics) topic(each);
    }
    put("\nProducers:{}\n", snapshot_.producers().empty() ? " None" : "");
    for (const ClientStats& producer : snapshot_.producers()) {
      put("   ");
      client(producer);
    }
    return std::move(out_);
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  void memory(const MemoryFigures& figures) {
    put("\nMemory:\n");
    for_each_figure(figures, [&](std::string_view name, std::uint64_t value) {
      put("   {:<25}\t{}\n", name, value);
    });
  }

  void topic(const TopicStats& topic) {
    put("\n{}[{:<15}] depth: {:<5} be-depth: {:<5} msgs: {:<8} e2e%: {}\n",
        topic.paused ? "*P " : "   ", topic.name, topic.depth, topic.backend_depth,
        topic.message_count, latency(topic.latency));
    for (const ChannelStats& each : topic.channels) channel(each);
  }

  void channel(const ChannelStats& channel) {
    put("   {}[{:<25}] depth: {:<5} be-depth: {:<5} inflt: {:<4} def: {:<4} re-q: {:<5} "
        "timeout: {:<5} msgs: {:<8} e2e%: {}\n",
        channel.paused ? "*P " : "   ", channel.name, channel.depth, channel.backend_depth,
        channel.in_flight_count, channel.deferred_count, channel.requeue_count,
        channel.timeout_count, channel.message_count, latency(channel.latency));
    for (const ConsumerStats& consumer : channel.consumers) {
      const auto found = snapshot_.find(consumer);
      if (!found) continue;
      put("        ");
      client(*found);
    }
  }

  void client(const ClientStats& stats) {
    const ClientSnapshot& client = stats.client;
    const ConsumerStats& consumer = stats.consumer;
    put("[V2 {:<21}] ", fmt::format("{}:{} {}", client.identity.hostname,
                                    port_of(client.remote_address), client.identity.user_agent));
    if (client.pub_counts.empty()) {
      put("state: {} inflt: {:<4} rdy: {:<4} fin: {:<8} re-q: {:<8} msgs: {:<8}", client.state,
          consumer.in_flight_count, consumer.ready_count, consumer.finish_count,
          consumer.requeue_count, consumer.message_count);
    } else {
      publishes(client);
    }
    const auto connected =
        std::chrono::floor<nsq::Seconds>(snapshot_.taken_at - client.connected_at);
    put(" connected: {}\n", format_duration(connected));
  }

  void publishes(const ClientSnapshot& client) {
    std::uint64_t total = 0;
    std::string topics;
    for (const auto& [topic, count] : client.pub_counts) {
      total += count;
      topics += fmt::format("{}{}={}", topics.empty() ? "" : ",", topic, count);
    }
    put("msgs: {:<8} topics: {}", total, topics);
  }

  static std::string latency(const std::optional<LatencyStats>& latency) {
    std::string list;
    if (!latency) return list;
    for (const auto value : latency->values) {
      if (!list.empty()) list += ", ";
      list += in_unit(value);
    }
    return list;
  }

  const StatsSnapshot& snapshot_;
  std::string out_;
};

}  // namespace

std::string to_text(const StatsSnapshot& snapshot) {
  return Writer(snapshot).document();
}

}  // namespace nsqd
