#include "nsqd/stats/stats_json.hpp"

#include <chrono>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/config/values.hpp"
#include "common/config/version.hpp"
#include "common/wire/json_text.hpp"

namespace nsqd {
namespace {

/// Writes straight into one string: a big broker's document has tens of thousands of members.
class Writer {
 public:
  explicit Writer(const StatsSnapshot& snapshot) : snapshot_(snapshot) {}

  std::string document() {
    raw("{");
    string("version", nsq::config::version());
    string("health", snapshot_.health);
    number("start_time", unix_seconds(snapshot_.start_time));
    key("topics");
    if (snapshot_.topics) {
      array(*snapshot_.topics, [&](const TopicStats& each) { topic(each); });
    } else {
      raw("null");
    }
    if (snapshot_.memory) memory(*snapshot_.memory);
    key("producers");
    if (snapshot_.producers().empty()) {
      raw("null");
    } else {
      array(snapshot_.producers(), [&](const ClientStats& each) { client(each); });
    }
    raw("}");
    return std::move(out_);
  }

 private:
  static std::int64_t unix_seconds(nsq::WallTime time) {
    return std::chrono::floor<nsq::Seconds>(time).time_since_epoch().count();
  }

  void raw(std::string_view text) { out_.append(text); }

  void key(std::string_view name) {
    if (out_.back() != '{') raw(",");
    out_.append("\"").append(name).append("\":");
  }

  template <class Number>
  void number(std::string_view name, Number value) {
    key(name);
    const fmt::format_int text(value);
    out_.append(text.data(), text.size());
  }

  void number_unless_zero(std::string_view name, std::uint64_t value) {
    if (value != 0) number(name, value);
  }

  void boolean(std::string_view name, bool value) {
    key(name);
    raw(value ? "true" : "false");
  }

  void string(std::string_view name, std::string_view value) {
    key(name);
    nsq::wire::append_json_string(out_, value);
  }

  void string_unless_empty(std::string_view name, std::string_view value) {
    if (!value.empty()) string(name, value);
  }

  template <class Range, class Write>
  void array(const Range& range, Write write) {
    raw("[");
    bool first = true;
    for (const auto& each : range) {
      if (!first) raw(",");
      first = false;
      write(each);
    }
    raw("]");
  }

  void memory(const MemoryFigures& figures) {
    key("memory");
    raw("{");
    for_each_figure(figures,
                    [&](std::string_view name, std::uint64_t value) { number(name, value); });
    raw("}");
  }

  void topic(const TopicStats& topic) {
    raw("{");
    string("topic_name", topic.name);
    key("channels");
    array(topic.channels, [&](const ChannelStats& each) { channel(each); });
    number("depth", topic.depth);
    number("backend_depth", topic.backend_depth);
    number("message_count", topic.message_count);
    number("message_bytes", topic.message_bytes);
    boolean("paused", topic.paused);
    string("durability", to_string(topic.durability));
    latency(topic.latency);
    raw("}");
  }

  void channel(const ChannelStats& channel) {
    raw("{");
    string("channel_name", channel.name);
    number("depth", channel.depth);
    number("backend_depth", channel.backend_depth);
    number("in_flight_count", channel.in_flight_count);
    number("deferred_count", channel.deferred_count);
    number("message_count", channel.message_count);
    number_unless_zero("zone_local_msg_count", channel.zone_local_msg_count);
    number_unless_zero("region_local_msg_count", channel.region_local_msg_count);
    number_unless_zero("global_msg_count", channel.global_msg_count);
    number("requeue_count", channel.requeue_count);
    number("timeout_count", channel.timeout_count);
    number("client_count", channel.client_count);
    key("clients");
    if (snapshot_.include_clients) {
      clients(channel);
    } else {
      raw("null");
    }
    boolean("paused", channel.paused);
    latency(channel.latency);
    raw("}");
  }

  void clients(const ChannelStats& channel) {
    raw("[");
    bool first = true;
    for (const ConsumerStats& consumer : channel.consumers) {
      const auto found = snapshot_.find(consumer);
      if (!found) continue;
      if (!first) raw(",");
      first = false;
      client(*found);
    }
    raw("]");
  }

  void client(const ClientStats& stats) {
    const ClientIdentity& identity = stats.client.identity;
    raw("{");
    string("client_id", identity.client_id);
    string("hostname", identity.hostname);
    string("version", "V2");
    string("remote_address", stats.client.remote_address);
    number("state", stats.client.state);
    number("ready_count", stats.consumer.ready_count);
    number("in_flight_count", stats.consumer.in_flight_count);
    number("message_count", stats.consumer.message_count);
    number("finish_count", stats.consumer.finish_count);
    number("requeue_count", stats.consumer.requeue_count);
    number("connect_ts", unix_seconds(stats.client.connected_at));
    number("sample_rate", identity.sample_rate);
    boolean("deflate", identity.deflate);
    boolean("snappy", identity.snappy);
    string("user_agent", identity.user_agent);
    if (stats.client.authed) boolean("authed", true);
    string_unless_empty("auth_identity", stats.client.auth_identity);
    string_unless_empty("auth_identity_url", stats.client.auth_identity_url);
    string("topology_zone", identity.topology_zone);
    string("topology_region", identity.topology_region);
    if (!stats.client.pub_counts.empty()) pub_counts(stats.client.pub_counts);
    boolean("tls", identity.tls);
    string("tls_cipher_suite", identity.tls_cipher_suite);
    string("tls_version", identity.tls_version);
    string("tls_negotiated_protocol", identity.tls_negotiated_protocol);
    boolean("tls_negotiated_protocol_is_mutual", identity.tls_negotiated_protocol_is_mutual);
    raw("}");
  }

  void pub_counts(const std::vector<PubCount>& counts) {
    key("pub_counts");
    array(counts, [&](const PubCount& each) {
      raw("{");
      string("topic", each.topic);
      number("count", each.count);
      raw("}");
    });
  }

  void latency(const std::optional<LatencyStats>& latency) {
    key("e2e_processing_latency");
    if (!latency) {
      raw(R"({"count":0,"percentiles":null})");
      return;
    }
    raw("{");
    number("count", latency->count);
    key("percentiles");
    auto value = latency->values.begin();
    array(snapshot_.e2e_percentiles, [&](double quantile) {
      raw("{");
      key("quantile");
      raw(nsq::config::format_float(quantile));
      number("value", (value++)->count());
      raw("}");
    });
    raw("}");
  }

  const StatsSnapshot& snapshot_;
  std::string out_;
};

}  // namespace

std::string to_json(const StatsSnapshot& snapshot) {
  return Writer(snapshot).document();
}

}  // namespace nsqd
