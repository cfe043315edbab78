#include "nsqlookupd/registry/peer.hpp"

#include <utility>

#include <fmt/format.h>

#include "common/base/assert.hpp"
#include "common/wire/json_text.hpp"
#include "nsqlookupd/registry/topic.hpp"

namespace nsqlookupd {
namespace {

std::string make_open_json(std::string_view id, const PeerIdentity& identity) {
  std::string out = "{\"remote_address\":";
  const auto text = [&out](std::string_view key, std::string_view value) {
    out.append(key);
    nsq::wire::append_json_string(out, value);
  };
  nsq::wire::append_json_string(out, id);
  text(",\"hostname\":", identity.hostname);
  text(",\"broadcast_address\":", identity.broadcast_address);
  out += fmt::format(",\"tcp_port\":{},\"http_port\":{}", identity.tcp_port, identity.http_port);
  text(",\"version\":", identity.version);
  text(",\"topology_zone\":", identity.topology_zone);
  text(",\"topology_region\":", identity.topology_region);
  return out;
}

std::string quoted(std::string_view name) {
  return fmt::format("\"{}\"", name);  // valid names need no escaping
}

}  // namespace

std::uint64_t fingerprint_of(std::string_view text) noexcept {
  // FNV-1a, then a finaliser that spreads it: fingerprints are summed up.
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash ^= static_cast<std::uint8_t>(c);
    hash *= 0x100000001b3;
  }
  hash ^= hash >> 30;
  hash *= 0xbf58476d1ce4e5b9;
  hash ^= hash >> 27;
  hash *= 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

Peer::Peer(std::uint64_t number, std::string id, PeerIdentity identity, nsq::Now now)
    : number_(number),
      id_(std::move(id)),
      identity_(std::move(identity)),
      open_json_(make_open_json(id_, identity_)),
      fingerprint_(fingerprint_of(open_json_)),
      last_update_(now) {}

bool Peer::is_node(std::string_view node) const {
  const std::string& host = identity_.broadcast_address;
  const std::string port = fmt::format(":{}", identity_.http_port);
  if (!node.ends_with(port)) return false;
  node.remove_suffix(port.size());
  if (node == host) return true;
  return host.contains(':') && node == fmt::format("[{}]", host);
}

Membership* Peer::find(const Registration& registration) const {
  const auto found = by_registration_.find(&registration);
  return found == by_registration_.end() ? nullptr : found->second.get();
}

Membership& Peer::add(Registration& registration) {
  auto owned = std::make_unique<Membership>(*this, registration);
  Membership& membership = *owned;
  by_registration_.emplace(&registration, std::move(owned));
  memberships_.push_back(membership);
  registration.producers.push_back(membership);
  if (registration.is_topic()) add_topic_name(registration.topic->name);
  return membership;
}

void Peer::remove(Membership& membership) {
  const Registration& registration = membership.registration;
  // Nobody reads the names of a peer that is gone.
  if (registration.is_topic() && !gone_) remove_topic_name(registration.topic->name);
  by_registration_.erase(&registration);
}

void Peer::add_topic_name(std::string_view name) {
  if (topic_count_++ > 0) topics_json_ += ',';
  topics_json_.append("\"").append(name).append("\"");
}

void Peer::remove_topic_name(std::string_view name) {
  const std::string text = quoted(name);
  const auto at = topics_json_.find(text);
  NSQ_ASSERT(at != std::string::npos);
  const bool first = at == 0;
  const bool only = --topic_count_ == 0;
  topics_json_.erase(first ? 0 : at - 1, text.size() + (only ? 0 : 1));
}

}  // namespace nsqlookupd
