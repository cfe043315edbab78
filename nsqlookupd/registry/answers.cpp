#include "nsqlookupd/registry/answers.hpp"

#include <iterator>

#include <boost/unordered/unordered_flat_map.hpp>
#include <fmt/format.h>

#include "common/wire/json_text.hpp"

namespace nsqlookupd {
namespace {

/// Appends a valid name, which needs no escaping.
void append_name(std::string& out, std::string_view name) {
  out.append("\"").append(name).append("\"");
}

/// Puts a comma before every element but the first.
class Comma {
 public:
  void operator()(std::string& out) {
    if (!first_) out += ',';
    first_ = false;
  }

 private:
  bool first_ = true;
};

void append_channels(std::string& out, const Topic* topic) {
  Comma comma;
  out += "\"channels\":[";
  if (topic) {
    for (const auto& [name, channel] : topic->channels) {
      comma(out);
      append_name(out, name);
    }
  }
  out += ']';
}

/// `count` times `false`, with commas between.
void append_falses(std::string& out, std::size_t count) {
  static const std::string falses = [] {
    std::string text;
    for (int i = 0; i < 1024; ++i) text += "false,";
    return text;
  }();
  constexpr std::size_t kOneBytes = 6;
  std::size_t bytes = count * kOneBytes;
  for (; bytes > falses.size(); bytes -= falses.size()) out += falses;
  if (bytes > 0) out.append(falses, 0, bytes - 1);
}

/// Which of the peer's topics are tombstoned, in the order of Peer::topics_json.
void append_tombstones(std::string& out, const Registry& registry, const Peer& peer, nsq::Now now) {
  out += ",\"tombstones\":[";
  if (!peer.was_tombstoned()) {
    append_falses(out, peer.topic_count());
  } else {
    Comma comma;
    for (const Membership& membership : peer.memberships()) {
      if (!membership.registration.is_topic()) continue;
      comma(out);
      out += registry.tombstoned(membership, now) ? "true" : "false";
    }
  }
  out += ']';
}

/// What /debug says about a peer, but for the tombstone in the middle.
struct DebugText {
  std::string before;
  std::string behind;
};

DebugText debug_text(const Peer& peer) {
  const PeerIdentity& identity = peer.identity();
  const auto append = [](std::string& out, std::string_view key, std::string_view value) {
    out += key;
    nsq::wire::append_json_string(out, value);
  };
  DebugText text;
  append(text.before, "{\"broadcast_address\":", identity.broadcast_address);
  append(text.before, ",\"hostname\":", identity.hostname);
  text.before += fmt::format(",\"http_port\":{}", identity.http_port);
  append(text.before, ",\"id\":", peer.id());
  text.before += fmt::format(",\"last_update\":{},\"tcp_port\":{},\"tombstoned\":",
                             nsq::unix_nanos(peer.last_update().wall), identity.tcp_port);
  append(text.behind, ",\"topology_region\":", identity.topology_region);
  append(text.behind, ",\"topology_zone\":", identity.topology_zone);
  append(text.behind, ",\"version\":", identity.version);
  text.behind += '}';
  return text;
}

class DebugWriter {
 public:
  explicit DebugWriter(const PeerList& peers) {
    for (const Peer& peer : peers) texts_.emplace(&peer, debug_text(peer));
  }

  void add_clients(const PeerList& peers) {
    begin({.category = Category::client});
    for (const Peer& peer : peers) add_producer(peer, std::nullopt);
    end();
  }

  void add(const Key& key, const Registration& registration) {
    begin(key);
    for (const Membership& membership : registration.producers) {
      if (!membership.peer.gone()) add_producer(membership.peer, membership.tombstoned_at);
    }
    end();
  }

  std::string take() && { return std::move(out_ += '}'); }

 private:
  void begin(const Key& key) {
    const bool first = out_.size() == 1;
    start_ = out_.size();
    fmt::format_to(std::back_inserter(out_), "{}\"{}:{}:{}\":[", first ? "" : ",",
                   to_string(key.category), key.key, key.subkey);
    first_ = out_.size();
  }

  void add_producer(const Peer& peer, const std::optional<nsq::Now>& tombstoned_at) {
    // As upstream shows a time that was never set.
    constexpr std::int64_t kNever = -6795364578871345152;
    const DebugText& text = texts_.find(&peer)->second;
    const auto at = tombstoned_at ? nsq::unix_nanos(tombstoned_at->wall) : kNever;
    if (out_.size() > first_) out_ += ',';
    fmt::format_to(std::back_inserter(out_), "{}{},\"tombstoned_at\":{}{}", text.before,
                   tombstoned_at.has_value(), at, text.behind);
  }

  /// A registration without producers is not shown.
  void end() {
    if (out_.size() == first_) {
      out_.resize(start_);
    } else {
      out_ += ']';
    }
  }

  boost::unordered_flat_map<const Peer*, DebugText> texts_;
  std::string out_ = "{";
  std::size_t start_ = 0;  // of the present registration
  std::size_t first_ = 0;  // of its first producer
};

}  // namespace

std::string topics_json(const Registry& registry) {
  std::string out = "{\"topics\":[";
  Comma comma;
  for (const auto& [name, topic] : registry.topics()) {
    if (!topic.registered) continue;
    comma(out);
    append_name(out, name);
  }
  return out += "]}";
}

std::string channels_json(const Registry& registry, std::string_view topic) {
  std::string out = "{";
  append_channels(out, registry.find(topic));
  return out += '}';
}

std::optional<std::string> lookup_json(const Registry& registry, std::string_view name,
                                       nsq::Now now, std::optional<std::uint64_t> index) {
  const Topic* topic = registry.find(name);
  if (!topic || !topic->registered) return std::nullopt;
  std::string out = "{";
  append_channels(out, topic);
  out += ",\"producers\":[";
  Comma comma;
  for (const Membership& producer : topic->self.producers) {
    if (!registry.visible(producer, now)) continue;
    comma(out);
    out += producer.peer.open_json();
    out += '}';
  }
  out += ']';
  if (index) out += fmt::format(",\"index\":{}", *index);
  out += '}';
  return out;
}

std::string nodes_json(const Registry& registry, nsq::Now now) {
  std::string out = "{\"producers\":[";
  Comma comma;
  for (const Peer& peer : registry.peers()) {
    if (!registry.active(peer, now)) continue;
    comma(out);
    out += peer.open_json();
    append_tombstones(out, registry, peer, now);
    out.append(",\"topics\":[").append(peer.topics_json()).append("]}");
  }
  return out += "]}";
}

std::string debug_json(const Registry& registry) {
  DebugWriter writer(registry.peers());
  for (const auto& [name, topic] : registry.topics()) {
    for (const auto& [channel_name, channel] : topic.channels) {
      writer.add({Category::channel, name, channel_name}, channel);
    }
  }
  writer.add_clients(registry.peers());
  for (const auto& [name, topic] : registry.topics()) {
    writer.add({Category::topic, name, {}}, topic.self);
  }
  return std::move(writer).take();
}

}  // namespace nsqlookupd
