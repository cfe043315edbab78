#include "nsqd/stats/statsd_report.hpp"

#include <utility>

#include <fmt/format.h>

#include "common/wire/names.hpp"

namespace nsqd {

using nsq::wire::is_ephemeral;

std::vector<std::string> StatsdReport::write(const StatsSnapshot& snapshot) {
  quantiles_ = snapshot.e2e_percentiles;
  if (snapshot.topics) {
    for (const TopicStats& each : *snapshot.topics) {
      if (!format_.exclude_ephemeral || !is_ephemeral(each.name)) topic(each);
    }
  }
  if (snapshot.memory) memory(*snapshot.memory);
  last_ =
      std::exchange(totals_, {});  // what is gone is forgotten, and begins anew if it comes back
  return std::exchange(datagrams_, {});
}

void StatsdReport::topic(const TopicStats& topic) {
  const std::string key = fmt::format("topic.{}.", topic.name);
  counter(key, "message_count", topic.message_count);
  counter(key, "message_bytes", topic.message_bytes);
  gauge(key, "depth", topic.depth);
  gauge(key, "backend_depth", topic.backend_depth);
  latency(key, topic.latency);
  for (const ChannelStats& each : topic.channels) {
    if (!format_.exclude_ephemeral || !is_ephemeral(each.name)) channel(key, each);
  }
}

void StatsdReport::channel(const std::string& topic_key, const ChannelStats& channel) {
  const std::string key = fmt::format("{}channel.{}.", topic_key, channel.name);
  counter(key, "message_count", channel.message_count);
  gauge(key, "depth", channel.depth);
  gauge(key, "backend_depth", channel.backend_depth);
  gauge(key, "in_flight_count", channel.in_flight_count);
  gauge(key, "deferred_count", channel.deferred_count);
  counter(key, "requeue_count", channel.requeue_count);
  counter(key, "timeout_count", channel.timeout_count);
  gauge(key, "clients", channel.client_count);
  latency(key, channel.latency);
}

void StatsdReport::memory(const MemoryFigures& figures) {
  for_each_figure(figures, [this](std::string_view name, std::uint64_t value) {
    if (name == "gc_total_runs") {
      counter("mem.", "gc_runs", value);
    } else {
      gauge("mem.", name, value);
    }
  });
}

void StatsdReport::latency(std::string_view key, const std::optional<LatencyStats>& latency) {
  if (!latency) return;
  for (std::size_t i = 0; i < quantiles_.size(); ++i) {
    gauge(key, fmt::format("e2e_processing_latency_{:.0f}", quantiles_[i] * 100.0),
          static_cast<std::uint64_t>(latency->values[i].count()));
  }
}

void StatsdReport::counter(std::string_view key, std::string_view name, std::uint64_t total) {
  std::string whole = fmt::format("{}{}", key, name);
  const auto last = last_.find(whole);
  const std::uint64_t before = last == last_.end() ? 0 : last->second;
  // Less than before: it was deleted and made anew in between.
  line(key, name, total >= before ? total - before : total, 'c');
  totals_.emplace(std::move(whole), total);
}

void StatsdReport::gauge(std::string_view key, std::string_view name, std::uint64_t value) {
  line(key, name, value, 'g');
}

void StatsdReport::line(std::string_view key, std::string_view name, std::uint64_t value,
                        char type) {
  const std::string text = fmt::format("{}{}{}:{}|{}\n", format_.prefix, key, name, value, type);
  if (datagrams_.empty() || datagrams_.back().size() + text.size() > format_.packet_bytes) {
    datagrams_.emplace_back();
  }
  datagrams_.back() += text;
}

}  // namespace nsqd
