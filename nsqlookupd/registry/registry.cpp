#include "nsqlookupd/registry/registry.hpp"

#include <algorithm>
#include <utility>

#include "common/base/assert.hpp"

namespace nsqlookupd {

using nsq::MonoTime;
using nsq::wire::ChannelName;
using nsq::wire::is_ephemeral;
using nsq::wire::TopicName;

namespace {

/// What stands for the answer that there is no such topic.
constexpr LookupIndex kNoTopic{.value = 1, .stable_until = MonoTime::max()};

MonoTime later(MonoTime time, nsq::Nanoseconds by) {
  return by > MonoTime::max() - time ? MonoTime::max() : time + by;
}

Key key_of(const Registration& registration) {
  const auto category = registration.is_topic() ? Category::topic : Category::channel;
  return {category, registration.topic->name, registration.channel};
}

}  // namespace

Registry::Registry(RegistrySettings settings, RegistryObserver& observer)
    : settings_(settings), observer_(observer) {}

Peer& Registry::join(std::string id, PeerIdentity identity, nsq::Now now) {
  const std::uint64_t number = next_number_++;
  Peer& peer =
      peers_.try_emplace(number, number, std::move(id), std::move(identity), now).first->second;
  observer_.registered(peer, {.category = Category::client});
  return peer;
}

void Registry::ping(Peer& peer, nsq::Now now) {
  const bool was_hidden = !active(peer, now);
  peer.last_update_ = now;
  if (!was_hidden) return;
  for (const Membership& membership : peer.memberships_) {
    if (membership.registration.is_topic()) changed(*membership.registration.topic);
  }
}

void Registry::leave(Peer& peer) {
  NSQ_ASSERT(!peer.gone_);
  peer.gone_ = true;
  observer_.unregistered(peer, {.category = Category::client}, Removal::left);
  departed_.push_back(peers_.extract(peer.number()));
  if (departed_.size() == 1) observer_.has_departed();
}

bool Registry::forget_some(std::size_t most) {
  while (!departed_.empty()) {
    Peer& peer = departed_.front().mapped();
    for (; !peer.memberships_.empty(); --most) {
      if (most == 0) return true;
      forget(peer.memberships_.front());
    }
    departed_.pop_front();
  }
  return false;
}

/// What is ephemeral, or of an ephemeral topic, goes with the last connection that held it.
void Registry::forget(Membership& membership) {
  Registration& registration = membership.registration;
  Topic& topic = *registration.topic;
  remove_membership(membership.peer, registration, Removal::left);
  if (!registration.producers.empty()) return;
  if (!is_ephemeral(topic.name) && !is_ephemeral(registration.channel)) return;
  if (registration.is_topic()) {
    std::erase_if(topic.channels, [](const auto& c) { return c.second.producers.empty(); });
    unregister_topic(topic);
  } else {
    drop_channel(topic, registration.channel);
  }
}

void Registry::add(Peer& peer, const TopicName& name) {
  Topic& topic = get(name.view());
  register_topic(topic);
  join_registration(peer, topic.self);
}

void Registry::add(Peer& peer, const TopicName& name, const ChannelName& channel) {
  Topic& topic = get(name.view());
  join_registration(peer, get_channel(topic, channel.view()));
  register_topic(topic);
  join_registration(peer, topic.self);
}

void Registry::remove(Peer& peer, const TopicName& name) {
  const auto found = topics_.find(name.view());
  if (found == topics_.end()) return;
  Topic& topic = found->second;
  for (auto& [channel_name, channel] : topic.channels) {
    remove_membership(peer, channel, Removal::with_topic);
  }
  if (!topic.registered) return;
  remove_membership(peer, topic.self, Removal::asked);
  if (name.ephemeral() && topic.self.producers.empty()) unregister_topic(topic);
}

void Registry::remove(Peer& peer, const TopicName& name, const ChannelName& channel_name) {
  const auto found = topics_.find(name.view());
  if (found == topics_.end()) return;
  const auto channel = found->second.channels.find(channel_name.view());
  if (channel == found->second.channels.end()) return;
  remove_membership(peer, channel->second, Removal::asked);
  if (channel_name.ephemeral() && channel->second.producers.empty()) {
    drop_channel(found->second, channel_name.view());
  }
}

void Registry::create(const TopicName& name) {
  register_topic(get(name.view()));
}

void Registry::create(const TopicName& name, const ChannelName& channel) {
  Topic& topic = get(name.view());
  get_channel(topic, channel.view());
  register_topic(topic);
}

bool Registry::erase_topic(std::string_view name) {
  const auto found = topics_.find(name);
  if (found == topics_.end()) return false;
  Topic& topic = found->second;
  for (auto& [channel_name, channel] : topic.channels) erase_producers(channel);
  erase_producers(topic.self);
  changed(topic);
  topics_.erase(found);
  return true;
}

bool Registry::erase_channel(std::string_view name, std::string_view channel) {
  const auto found = topics_.find(name);
  if (found == topics_.end() || !found->second.channels.contains(channel)) return false;
  drop_channel(found->second, channel);
  return true;
}

void Registry::tombstone(std::string_view name, std::string_view node, nsq::Now now) {
  const auto found = topics_.find(name);
  if (found == topics_.end()) return;
  for (Membership& producer : found->second.self.producers) {
    if (!producer.peer.is_node(node)) continue;
    producer.tombstoned_at = now;
    producer.peer.was_tombstoned_ = true;
  }
  changed(found->second);
}

const Topic* Registry::find(std::string_view topic) const {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? nullptr : &found->second;
}

bool Registry::active(const Peer& peer, nsq::Now now) const {
  return now.mono - peer.last_update_.mono <= settings_.inactive_producer_timeout;
}

bool Registry::tombstoned(const Membership& membership, nsq::Now now) const {
  const auto& at = membership.tombstoned_at;
  return at && now.mono - at->mono < settings_.tombstone_lifetime;
}

bool Registry::visible(const Membership& membership, nsq::Now now) const {
  return !membership.peer.gone_ && active(membership.peer, now) && !tombstoned(membership, now);
}

LookupIndex Registry::lookup_index(std::string_view name, nsq::Now now) const {
  const Topic* topic = find(name);
  if (!topic || !topic->registered) return kNoTopic;
  if (!topic->index || now.mono >= topic->index->stable_until) {
    topic->index = compute_index(*topic, now);
  }
  return *topic->index;
}

LookupIndex Registry::compute_index(const Topic& topic, nsq::Now now) const {
  LookupIndex index{.value = 0, .stable_until = MonoTime::max()};
  for (const auto& [name, channel] : topic.channels) index.value += fingerprint_of(name);
  for (const Membership& producer : topic.self.producers) {
    if (producer.peer.gone_) continue;
    const MonoTime silent_at =
        later(later(producer.peer.last_update_.mono, settings_.inactive_producer_timeout),
              nsq::Nanoseconds(1));
    if (now.mono >= silent_at) continue;  // until its next ping, which is reported
    index.stable_until = std::min(index.stable_until, silent_at);
    if (const auto& at = producer.tombstoned_at; at && tombstoned(producer, now)) {
      index.stable_until =
          std::min(index.stable_until, later(at->mono, settings_.tombstone_lifetime));
    } else {
      index.value += producer.peer.fingerprint();
    }
  }
  constexpr int kBits = 53;                         // what a JSON number can hold everywhere
  index.value = (index.value >> (64 - kBits)) | 2;  // 0 is nobody's, 1 is kNoTopic's
  return index;
}

Topic& Registry::get(std::string_view name) {
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    found = topics_.try_emplace(std::string(name)).first;
    found->second.name = found->first;
    found->second.self.topic = &found->second;
  }
  return found->second;
}

Registration& Registry::get_channel(Topic& topic, std::string_view channel) {
  auto found = topic.channels.find(channel);
  if (found == topic.channels.end()) {
    found = topic.channels.try_emplace(std::string(channel)).first;
    found->second.topic = &topic;
    found->second.channel = found->first;
    changed(topic);
  }
  return found->second;
}

void Registry::register_topic(Topic& topic) {
  if (std::exchange(topic.registered, true)) return;
  changed(topic);
}

void Registry::join_registration(Peer& peer, Registration& registration) {
  if (peer.find(registration)) return;
  peer.add(registration);
  observer_.registered(peer, key_of(registration));
  if (registration.is_topic()) changed(*registration.topic);
}

/// Nothing happens if the peer does not host it.
void Registry::remove_membership(Peer& peer, Registration& registration, Removal why) {
  Membership* membership = peer.find(registration);
  if (!membership) return;
  peer.remove(*membership);
  observer_.unregistered(peer, key_of(registration), why);
  if (registration.is_topic()) changed(*registration.topic);
}

/// The topic's own registration goes; it may be gone itself afterwards.
void Registry::unregister_topic(Topic& topic) {
  erase_producers(topic.self);
  topic.registered = false;
  changed(topic);
  erase_if_unused(topic);
}

void Registry::erase_producers(Registration& registration) {
  while (!registration.producers.empty()) {
    Membership& producer = registration.producers.front();
    producer.peer.remove(producer);
  }
}

/// A channel goes; its topic may be gone itself afterwards, if it was only there for the channel.
void Registry::drop_channel(Topic& topic, std::string_view channel) {
  const auto found = topic.channels.find(channel);
  erase_producers(found->second);
  topic.channels.erase(found);
  changed(topic);
  erase_if_unused(topic);
}

void Registry::erase_if_unused(Topic& topic) {
  if (!topic.registered && topic.channels.empty()) topics_.erase(topics_.find(topic.name));
}

void Registry::changed(const Topic& topic) {
  topic.index.reset();
  observer_.topic_changed(topic.name);
}

}  // namespace nsqlookupd
