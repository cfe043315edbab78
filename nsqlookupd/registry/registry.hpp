#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "common/base/clock.hpp"
#include "common/wire/names.hpp"
#include "nsqlookupd/registry/key.hpp"
#include "nsqlookupd/registry/peer.hpp"
#include "nsqlookupd/registry/topic.hpp"

namespace nsqlookupd {

/// Why a peer does not host something any more.
enum class Removal {
  asked,       ///< UNREGISTER of just this
  with_topic,  ///< UNREGISTER of the topic, while the channel was still registered
  left,        ///< the peer's connection ended
};

/// Told of what changes, while it changes: must not call the registry back.
class RegistryObserver {
 public:
  virtual ~RegistryObserver() = default;
  /// The peer hosts something that it did not host before.
  virtual void registered(const Peer& peer, const Key& key) = 0;
  virtual void unregistered(const Peer& peer, const Key& key, Removal why) = 0;
  /// What /lookup answers about the topic may have changed.
  virtual void topic_changed(std::string_view topic) = 0;
  /// Registry::forget_some has work from now on.
  virtual void has_departed() = 0;
};

struct RegistrySettings {
  /// A producer is hidden when its last ping is longer ago.
  nsq::Nanoseconds inactive_producer_timeout = std::chrono::minutes(5);
  /// How long a tombstone hides a producer.
  nsq::Nanoseconds tombstone_lifetime = nsq::Seconds(45);
};

/// The directory: which peers are there, and who hosts which topic and channel. Plain memory: time
/// comes in, nothing goes out but through the observer. Lives on one thread.
///
/// Costs: finding a topic is logarithmic in their number; adding and removing a producer does not
/// depend on how many there are. Names ending in "#ephemeral" disappear with their last producer,
/// all others stay until they are deleted. Names are literal, `*` too.
/// Source: spec/nsqlookupd.md 4.
class Registry {
 public:
  /// @param observer  outlives the registry.
  Registry(RegistrySettings settings, RegistryObserver& observer);
  ~Registry() = default;
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // What peers do.

  /// A peer has identified itself. The reference holds until leave().
  Peer& join(std::string id, PeerIdentity identity, nsq::Now now);
  /// The peer is alive. The only thing that refreshes its last update.
  void ping(Peer& peer, nsq::Now now);
  /// The peer's connection ended: no answer shows it any more. Its memberships are for
  /// forget_some().
  void leave(Peer& peer);
  /// Forgets up to `most` memberships of peers that left, and what was ephemeral and theirs alone:
  /// bit by bit, so that thousands that leave together do not hold up the others.
  /// @return whether there is more.
  bool forget_some(std::size_t most);

  void add(Peer& peer, const nsq::wire::TopicName& topic);
  /// The channel, and its topic.
  void add(Peer& peer, const nsq::wire::TopicName& topic, const nsq::wire::ChannelName& channel);
  /// The topic and every channel of it.
  void remove(Peer& peer, const nsq::wire::TopicName& topic);
  /// Only the channel.
  void remove(Peer& peer, const nsq::wire::TopicName& topic, const nsq::wire::ChannelName& channel);

  // What administrators do.

  void create(const nsq::wire::TopicName& topic);
  /// The channel, and its topic.
  void create(const nsq::wire::TopicName& topic, const nsq::wire::ChannelName& channel);
  /// Deletes the topic and its channels, whoever hosts them. @return whether there was any of it.
  bool erase_topic(std::string_view topic);
  /// @return whether there was such a channel.
  bool erase_channel(std::string_view topic, std::string_view channel);
  /// Hides the node, `broadcast_address:http_port`, from the topic's producers for a while.
  void tombstone(std::string_view topic, std::string_view node, nsq::Now now);

  // What answers are made of.

  const TopicMap& topics() const noexcept { return topics_; }
  /// Those that have not left, in the order in which they joined.
  const PeerMap& peers() const noexcept { return peers_; }
  /// The topic, perhaps one of which only channels are registered, or null.
  const Topic* find(std::string_view topic) const;
  /// Heard of within the timeout.
  bool active(const Peer& peer, nsq::Now now) const;
  bool tombstoned(const Membership& membership, nsq::Now now) const;
  /// Whether /lookup shows it: active, and not tombstoned.
  bool visible(const Membership& membership, nsq::Now now) const;
  /// Of a topic that need not exist. A peer that left changes it when it is forgotten.
  LookupIndex lookup_index(std::string_view topic, nsq::Now now) const;

 private:
  Topic& get(std::string_view topic);
  Registration& get_channel(Topic& topic, std::string_view channel);
  void register_topic(Topic& topic);
  void join_registration(Peer& peer, Registration& registration);
  void remove_membership(Peer& peer, Registration& registration, Removal why);
  void forget(Membership& membership);
  void unregister_topic(Topic& topic);
  void erase_producers(Registration& registration);
  void drop_channel(Topic& topic, std::string_view channel);
  void erase_if_unused(Topic& topic);
  void changed(const Topic& topic);
  LookupIndex compute_index(const Topic& topic, nsq::Now now) const;

  const RegistrySettings settings_;
  RegistryObserver& observer_;
  TopicMap topics_;
  // What peers host is in the lists of the topics, so they are destroyed first.
  PeerMap peers_;
  std::deque<PeerMap::node_type> departed_;  // not yet forgotten
  std::uint64_t next_number_ = 1;
};

}  // namespace nsqlookupd
