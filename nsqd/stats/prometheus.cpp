#include "nsqd/stats/prometheus.hpp"

#include <algorithm>
#include <utility>

#include "common/config/values.hpp"
#include "common/config/version.hpp"
#include "common/metrics/process_figures.hpp"
#include "common/metrics/prometheus_text.hpp"
#include "nsqd/queue/block.hpp"
#include "nsqd/queue/message_age.hpp"
#include "nsqd/storage/store.hpp"

namespace nsqd {
namespace {

using nsq::metrics::HistogramCounts;
using nsq::metrics::Labels;
using nsq::metrics::PrometheusText;
using enum nsq::metrics::MetricType;

/// A family's samples belong together, so everything is gone through once a family; the labels are
/// made once.
class Writer {
 public:
  Writer(const StatsSnapshot& snapshot, const Instruments& instruments)
      : snapshot_(snapshot), instruments_(instruments) {
    if (!snapshot_.topics) return;
    for (const TopicStats& topic : *snapshot_.topics) {
      topics_.emplace_back(Labels{{"topic", topic.name}}, &topic);
      for (const ChannelStats& channel : topic.channels) {
        channels_.emplace_back(Labels{{"topic", topic.name}, {"channel", channel.name}}, &channel);
      }
    }
  }

  std::string document() {
    daemon();
    topics();
    channels();
    oldest_messages();
    latencies();
    if (instruments_.per_client) clients();
    memory();
    if (instruments_.store) storage(instruments_.store->figures());
    add_process_figures(out_, nsq::metrics::read_process_figures(), snapshot_.start_time);
    return out_.take();
  }

 private:
  template <class Stats>
  using Rows = std::vector<std::pair<Labels, const Stats*>>;

  template <class Stats, class Value>
  void each(const Rows<Stats>& rows, const char* name, nsq::metrics::MetricType type,
            const char* help, Value value) {
    out_.family(name, type, help);
    for (const auto& [labels, stats] : rows) out_.sample(labels, value(*stats));
  }

  void daemon() {
    out_.family("nsqd_build_info", gauge, "Always 1; the labels tell what runs.");
    out_.sample(Labels{{"version", nsq::config::version()}}, 1);
    out_.single("nsqd_healthy", gauge, "1 while the last write to the disk succeeded.",
                snapshot_.health == "OK" ? 1 : 0);
    out_.single("nsqd_topics", gauge, "Topics.", topics_.size());
    out_.single("nsqd_channels", gauge, "Channels of all topics.", channels_.size());
    out_.single("nsqd_connections", gauge, "Clients connected by TCP.", snapshot_.connections.open);
    out_.single("nsqd_connections_accepted_total", counter, "Clients that connected by TCP.",
                snapshot_.connections.accepted);
    out_.family("nsqd_protocol_errors_total", counter, "Errors answered to TCP clients.");
    for (const auto& [code, count] : instruments_.protocol_errors()) {
      out_.sample(Labels{{"code", code}}, count);
    }
  }

  void topics() {
    using T = const TopicStats&;
    const auto add = [this](auto... arguments) { each(topics_, arguments...); };
    add("nsqd_topic_messages_total", counter, "Messages published.",
        [](T t) { return t.message_count; });
    add("nsqd_topic_message_bytes_total", counter, "Bytes of the bodies published.",
        [](T t) { return t.message_bytes; });
    add("nsqd_topic_depth", gauge, "Messages that no channel has yet.",
        [](T t) { return t.depth; });
    add("nsqd_topic_backend_depth", gauge, "The part of the depth that is on disk only.",
        [](T t) { return t.backend_depth; });
    add("nsqd_topic_paused", gauge, "1 while paused.", [](T t) { return t.paused ? 1 : 0; });
  }

  void channels() {
    using C = const ChannelStats&;
    const auto add = [this](auto... arguments) { each(channels_, arguments...); };
    add("nsqd_channel_messages_total", counter, "Messages that entered the channel.",
        [](C c) { return c.message_count; });
    add("nsqd_channel_depth", gauge, "Messages that wait for a consumer.",
        [](C c) { return c.depth; });
    add("nsqd_channel_backend_depth", gauge, "The part of the depth that is on disk only.",
        [](C c) { return c.backend_depth; });
    add("nsqd_channel_in_flight", gauge, "Messages that consumers have and did not answer yet.",
        [](C c) { return c.in_flight_count; });
    add("nsqd_channel_deferred", gauge, "Messages that are not due yet.",
        [](C c) { return c.deferred_count; });
    add("nsqd_channel_delivered_total", counter, "Deliveries to consumers, repeated ones included.",
        [](C c) { return c.zone_local_msg_count + c.region_local_msg_count + c.global_msg_count; });
    add("nsqd_channel_finished_total", counter, "Messages that consumers finished.",
        [](C c) { return c.finish_count; });
    add("nsqd_channel_requeued_total", counter, "Messages that consumers put back.",
        [](C c) { return c.requeue_count; });
    add("nsqd_channel_timed_out_total", counter, "Deliveries that were not answered in time.",
        [](C c) { return c.timeout_count; });
    add("nsqd_channel_sampled_out_total", counter, "Messages discarded for a sample rate.",
        [](C c) { return c.sampled_out_count; });
    add("nsqd_channel_consumers", gauge, "Consumers subscribed.",
        [](C c) { return c.client_count; });
    add("nsqd_channel_paused", gauge, "1 while paused.", [](C c) { return c.paused ? 1 : 0; });
  }

  void oldest_messages() {
    out_.family("nsqd_channel_oldest_message_age_seconds", gauge,
                "Time since the oldest message, waiting or in flight, was published.");
    for (const auto& [labels, channel] : channels_) {
      // Of what lies on the disk only it may not be known yet; a channel without any is not behind.
      if (channel->oldest) {
        out_.sample(labels, message_age(*channel->oldest, snapshot_.taken_at));
      } else if (channel->depth + channel->in_flight_count == 0) {
        out_.sample(labels, 0);
      }
    }
  }

  void latencies() {
    out_.histogram("nsqd_publish_latency_seconds",
                   "From reading a publish to its answer, of those that wait for the log.",
                   instruments_.publish_latency());
    out_.histogram("nsqd_end_to_end_latency_seconds", "From a message's publish to its FIN.",
                   instruments_.finish_latency());
    if (snapshot_.e2e_percentiles.empty()) return;
    out_.family("nsqd_channel_end_to_end_latency_window_seconds", summary,
                "Quantiles of the time from publish to FIN within the configured window.");
    for (const auto& [labels, channel] : channels_) {
      if (!channel->latency) continue;
      for (std::size_t i = 0; i < snapshot_.e2e_percentiles.size(); ++i) {
        Labels with_quantile = labels;
        with_quantile.add("quantile", nsq::config::format_float(snapshot_.e2e_percentiles[i]));
        out_.sample(with_quantile, channel->latency->values[i]);
      }
    }
  }

  void clients() {
    Rows<ConsumerStats> rows;
    for (const auto& [labels, channel] : channels_) {
      for (const ConsumerStats& consumer : channel->consumers) {
        const auto client = snapshot_.find(consumer);
        if (!client) continue;
        Labels with_client = labels;
        with_client.add("client_id", client->client.identity.client_id);
        with_client.add("address", client->client.remote_address);
        rows.emplace_back(std::move(with_client), &consumer);
      }
    }
    using C = const ConsumerStats&;
    const auto add = [&](auto... arguments) { each(rows, arguments...); };
    add("nsqd_client_ready", gauge, "RDY of the consumer.", [](C c) { return c.ready_count; });
    add("nsqd_client_in_flight", gauge, "Messages that the consumer did not answer yet.",
        [](C c) { return c.in_flight_count; });
    add("nsqd_client_delivered_total", counter, "Messages sent to the consumer.",
        [](C c) { return c.message_count; });
    add("nsqd_client_finished_total", counter, "Messages that the consumer finished.",
        [](C c) { return c.finish_count; });
    add("nsqd_client_requeued_total", counter, "Messages that the consumer put back.",
        [](C c) { return c.requeue_count; });
  }

  void memory() {
    out_.single("nsqd_message_memory_bytes", gauge, "Memory of messages.", Block::bytes_in_use());
    out_.single("nsqd_message_memory_limit_bytes", gauge,
                "Memory of messages beyond which channels lag.", instruments_.max_memory);
    if (!snapshot_.memory) return;
    out_.single("nsqd_heap_in_use_bytes", gauge, "Memory that is allocated.",
                snapshot_.memory->heap_in_use_bytes);
    out_.single("nsqd_heap_idle_bytes", gauge, "Memory that the allocator holds free.",
                snapshot_.memory->heap_idle_bytes);
  }

  void storage(const StorageFigures& figures) {
    out_.histogram("nsqd_commit_latency_seconds", "Writing a group of publishes to the log.",
                   figures.commit_latency);
    out_.single("nsqd_storage_writable", gauge, "1 while publishes are taken by the log.",
                figures.writable ? 1 : 0);
    out_.single("nsqd_storage_writes_stopped", gauge, "1 while RocksDB holds up writes.",
                figures.writes_stopped ? 1 : 0);
    out_.single("nsqd_storage_background_errors_total", counter,
                "Errors of RocksDB's background work.", figures.background_errors);
    out_.single("nsqd_storage_damages_total", counter,
                "Stretches of the files that were damaged and skipped, each counted once.",
                figures.damages);
    out_.single("nsqd_storage_block_cache_bytes", gauge, "Memory of RocksDB's block cache.",
                figures.block_cache_bytes);
    out_.single("nsqd_disk_free_bytes", gauge, "Free on the data path's file system.",
                figures.disk_free_bytes);
    out_.single("nsqd_disk_required_free_bytes", gauge, "With less free, publishes are refused.",
                figures.disk_required_bytes);
    families(figures.families);
  }

  void families(const std::vector<StorageFigures::Family>& families) {
    using F = const StorageFigures::Family&;
    Rows<StorageFigures::Family> rows;
    for (F family : families) rows.emplace_back(Labels{{"family", family.name}}, &family);
    const auto add = [&](auto... arguments) { each(rows, arguments...); };
    add("nsqd_storage_table_bytes", gauge, "Bytes of tables on the disk.",
        [](F f) { return f.table_bytes; });
    add("nsqd_storage_table_files", gauge, "Tables on the disk.",
        [](F f) { return f.table_files; });
    add("nsqd_storage_memtable_bytes", gauge, "Bytes written that are in no table yet.",
        [](F f) { return f.memtable_bytes; });
    add("nsqd_storage_keys", gauge, "Keys, estimated.", [](F f) { return f.keys; });
    add("nsqd_storage_pending_compaction_bytes", gauge, "Bytes that wait for compaction.",
        [](F f) { return f.pending_compaction_bytes; });
    add("nsqd_storage_running_compactions", gauge, "Compactions under way.",
        [](F f) { return f.running_compactions; });
    add("nsqd_storage_running_flushes", gauge, "Flushes of memtables under way.",
        [](F f) { return f.running_flushes; });
  }

  const StatsSnapshot& snapshot_;
  const Instruments& instruments_;
  Rows<TopicStats> topics_;
  Rows<ChannelStats> channels_;
  PrometheusText out_;
};

}  // namespace

HistogramCounts Instruments::publish_latency() const {
  HistogramCounts all;
  for (const auto* thread : threads) all += thread->publish_latency.read();
  return all;
}

HistogramCounts Instruments::finish_latency() const {
  HistogramCounts all;
  for (const auto* thread : threads) all += thread->finish_latency.read();
  return all;
}

CauseCounts::Counts Instruments::protocol_errors() const {
  CauseCounts::Counts all;
  for (const auto* thread : threads) thread->protocol_errors.add_to(all);
  return all;
}

std::string to_prometheus(const StatsSnapshot& snapshot, const Instruments& instruments) {
  return Writer(snapshot, instruments).document();
}

}  // namespace nsqd
