#include "nsqlookupd/registry/debug_answer.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "common/wire/json_text.hpp"

namespace nsqlookupd {

DebugAnswer::PeerText DebugAnswer::text_of(const Peer& peer) {
  const PeerIdentity& identity = peer.identity();
  const auto append = [](std::string& out, std::string_view key, std::string_view value) {
    out += key;
    nsq::wire::append_json_string(out, value);
  };
  PeerText text;
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

DebugAnswer::DebugAnswer(const Registry& registry) : registry_(registry) {
  // Growing is not done in steps, so there is room from the start. What is not used costs nothing.
  constexpr std::size_t kTombstoneBytes = 64;
  constexpr std::size_t kUsualKeyBytes = 64;
  std::size_t bytes = kUsualKeyBytes;
  for (const auto& [number, peer] : registry_.peers()) {
    PeerText text = text_of(peer);
    const std::size_t one = text.before.size() + text.behind.size() + kTombstoneBytes;
    bytes += one + peer.membership_count() * (one + kUsualKeyBytes);
    texts_.emplace(number, std::move(text));
  }
  out_.reserve(bytes);
}

bool DebugAnswer::step(std::size_t budget) {
  while (part_ != Part::done) {
    if (!write_part(budget)) return true;
    part_ = static_cast<Part>(static_cast<int>(part_) + 1);
    last_topic_.clear();
  }
  out_ += '}';
  return false;
}

/// @return whether the part is complete.
bool DebugAnswer::write_part(std::size_t& budget) {
  switch (part_) {
    case Part::channels:
      return write_channels(budget);
    case Part::clients:
      write_clients(budget);
      return true;
    case Part::topics:
      return write_topics(budget);
    case Part::done:
      return true;
  }
  return true;
}

bool DebugAnswer::write_channels(std::size_t& budget) {
  const TopicMap& topics = registry_.topics();
  for (auto topic = topics.lower_bound(last_topic_); topic != topics.end(); ++topic) {
    if (topic->first != last_topic_) {
      last_topic_ = topic->first;
      last_channel_.clear();
    }
    const auto& channels = topic->second.channels;
    for (auto channel = channels.upper_bound(last_channel_); channel != channels.end(); ++channel) {
      if (budget == 0) return false;
      write({Category::channel, topic->first, channel->first}, channel->second, budget);
      last_channel_ = channel->first;
    }
    if (budget > 0) --budget;
  }
  return true;
}

bool DebugAnswer::write_topics(std::size_t& budget) {
  const TopicMap& topics = registry_.topics();
  for (auto topic = topics.upper_bound(last_topic_); topic != topics.end(); ++topic) {
    if (budget == 0) return false;
    write({Category::topic, topic->first, {}}, topic->second.self, budget);
    last_topic_ = topic->first;
  }
  return true;
}

void DebugAnswer::write_clients(std::size_t& budget) {
  begin({.category = Category::client});
  for (const auto& [number, peer] : registry_.peers()) append(peer, std::nullopt);
  end();
  budget -= std::min(budget, registry_.peers().size());
}

void DebugAnswer::write(const Key& key, const Registration& registration, std::size_t& budget) {
  begin(key);
  std::size_t count = 1;
  for (const Membership& membership : registration.producers) {
    ++count;
    if (!membership.peer.gone()) append(membership.peer, membership.tombstoned_at);
  }
  end();
  budget -= std::min(budget, count);
}

void DebugAnswer::begin(const Key& key) {
  start_ = out_.size();
  const bool first = start_ == 1;
  fmt::format_to(std::back_inserter(out_), "{}\"{}:{}:{}\":[", first ? "" : ",",
                 to_string(key.category), key.key, key.subkey);
  first_ = out_.size();
}

void DebugAnswer::append(const Peer& peer, const std::optional<nsq::Now>& tombstoned_at) {
  // As upstream shows a time that was never set.
  constexpr std::int64_t kNever = -6795364578871345152;
  auto text = texts_.find(peer.number());
  if (text == texts_.end()) text = texts_.emplace(peer.number(), text_of(peer)).first;
  const auto at = tombstoned_at ? nsq::unix_nanos(tombstoned_at->wall) : kNever;
  if (out_.size() > first_) out_ += ',';
  fmt::format_to(std::back_inserter(out_), "{}{},\"tombstoned_at\":{}{}", text->second.before,
                 tombstoned_at.has_value(), at, text->second.behind);
}

/// A registration without producers is not shown.
void DebugAnswer::end() {
  if (out_.size() == first_) {
    out_.resize(start_);
  } else {
    out_ += ']';
  }
}

}  // namespace nsqlookupd
