#include "nsqlookupd/registry/answers.hpp"

#include <algorithm>

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

constexpr std::size_t kFalseBytes = 6;  // `false,`

/// `count` times `false`, with commas between.
void append_falses(std::string& out, std::size_t count) {
  static const std::string falses = [] {
    std::string text;
    for (int i = 0; i < 1024; ++i) text += "false,";
    return text;
  }();
  std::size_t bytes = count * kFalseBytes;
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

}  // namespace

TopicsAnswer::TopicsAnswer(const Registry& registry) : registry_(registry) {
  constexpr std::size_t kUsualNameBytes = 24;  // to grow seldom: growing is not done in steps
  out_.reserve(registry.topics().size() * kUsualNameBytes);
  out_ = "{\"topics\":[";
}

bool TopicsAnswer::step(std::size_t budget) {
  const TopicMap& topics = registry_.topics();
  for (auto place = topics.upper_bound(last_); place != topics.end(); ++place) {
    if (budget-- == 0) return true;
    const auto& [name, topic] = *place;
    last_ = name;
    if (!topic.registered) continue;
    if (!out_.ends_with('[')) out_ += ',';
    append_name(out_, name);
  }
  out_ += "]}";
  return false;
}

NodesAnswer::NodesAnswer(const Registry& registry, nsq::Now now) : registry_(registry), now_(now) {
  constexpr std::size_t kFramingBytes = 64;
  std::size_t bytes = kFramingBytes;
  for (const auto& [number, peer] : registry.peers()) {
    bytes += peer.open_json().size() + peer.topics_json().size() +
             peer.topic_count() * kFalseBytes + kFramingBytes;
  }
  out_.reserve(bytes);
  out_ = "{\"producers\":[";
}

bool NodesAnswer::step(std::size_t budget) {
  constexpr std::size_t kTopicsPerUnit = 256;  // their text is only copied
  const PeerMap& peers = registry_.peers();
  for (auto place = peers.upper_bound(last_); place != peers.end(); ++place) {
    if (budget == 0) return true;
    const Peer& peer = place->second;
    budget -= std::min(budget, 1 + peer.topic_count() / kTopicsPerUnit);
    last_ = peer.number();
    if (registry_.active(peer, now_)) append_node(peer);
  }
  out_ += "]}";
  return false;
}

void NodesAnswer::append_node(const Peer& peer) {
  if (!out_.ends_with('[')) out_ += ',';
  out_ += peer.open_json();
  append_tombstones(out_, registry_, peer, now_);
  out_.append(",\"topics\":[").append(peer.topics_json()).append("]}");
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

}  // namespace nsqlookupd
