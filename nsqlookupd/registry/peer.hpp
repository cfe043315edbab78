#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include "common/base/clock.hpp"

namespace nsqlookupd {

class Peer;
class Registry;
struct Registration;

/// What an nsqd says about itself. Source: spec/nsqlookupd.md 3.5.
struct PeerIdentity {
  std::string broadcast_address{};
  std::string hostname{};
  std::string version{};
  std::string topology_zone{};
  std::string topology_region{};
  std::int64_t tcp_port = 0;
  std::int64_t http_port = 0;

  friend bool operator==(const PeerIdentity&, const PeerIdentity&) = default;
};

struct OfPeer;
struct OfRegistration;
template <class Tag>
using MembershipHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<Tag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
template <class Tag, class T>
using MembershipList = boost::intrusive::list<T, boost::intrusive::base_hook<MembershipHook<Tag>>,
                                              boost::intrusive::constant_time_size<false>>;

/// That a peer hosts a topic or a channel: an element of both their lists, which it leaves when it
/// is destroyed. Owned by its peer.
struct Membership : MembershipHook<OfPeer>, MembershipHook<OfRegistration> {
  Membership(Peer& p, Registration& r) : peer(p), registration(r) {}

  Peer& peer;
  Registration& registration;
  /// When it was tombstoned last, if ever; whether that still counts is Registry::tombstoned.
  std::optional<nsq::Now> tombstoned_at;
};

/// A connected, identified nsqd: who it is, when it was heard of last, and what it hosts. Made,
/// changed and destroyed by its Registry only.
///
/// What answers say about it is kept as JSON text, so that /lookup and /nodes only copy.
class Peer {
 public:
  Peer(std::uint64_t number, std::string id, PeerIdentity identity, nsq::Now now);
  ~Peer() = default;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// No other peer of the registry has or had it; later ones have larger ones.
  std::uint64_t number() const noexcept { return number_; }
  /// Its side of the connection, `ip:port`.
  const std::string& id() const noexcept { return id_; }
  const PeerIdentity& identity() const noexcept { return identity_; }
  nsq::Now last_update() const noexcept { return last_update_; }

  /// The object that stands for it in /lookup, without the closing brace.
  std::string_view open_json() const noexcept { return open_json_; }
  /// The names of its topics as JSON strings with commas between, in the order of registration.
  std::string_view topics_json() const noexcept { return topics_json_; }
  std::size_t topic_count() const noexcept { return topic_count_; }
  /// All that it hosts, in the order of registration.
  const MembershipList<OfPeer, Membership>& memberships() const noexcept { return memberships_; }
  std::size_t membership_count() const noexcept { return by_registration_.size(); }
  /// A number that differs between peers that answers show differently.
  std::uint64_t fingerprint() const noexcept { return fingerprint_; }
  /// Whether one of its topics was ever tombstoned.
  bool was_tombstoned() const noexcept { return was_tombstoned_; }
  /// Whether its connection has ended: then no answer may show it any more.
  bool gone() const noexcept { return gone_; }

  /// Whether `node` is its `broadcast_address:http_port`, an IPv6 address with or without brackets.
  bool is_node(std::string_view node) const;

 private:
  friend class Registry;

  Membership* find(const Registration& registration) const;
  Membership& add(Registration& registration);
  /// Destroys the membership.
  void remove(Membership& membership);
  void add_topic_name(std::string_view name);
  void remove_topic_name(std::string_view name);

  const std::uint64_t number_;
  const std::string id_;
  const PeerIdentity identity_;
  const std::string open_json_;
  const std::uint64_t fingerprint_;
  nsq::Now last_update_;
  std::string topics_json_;
  std::size_t topic_count_ = 0;
  bool was_tombstoned_ = false;
  bool gone_ = false;
  MembershipList<OfPeer, Membership> memberships_;  // destroyed after what it lists
  boost::unordered_flat_map<const Registration*, std::unique_ptr<Membership>> by_registration_;
};

/// By number: in the order in which they joined. The elements stay where they are.
using PeerMap = std::map<std::uint64_t, Peer>;

/// A 64-bit hash of a text, the same in every process.
std::uint64_t fingerprint_of(std::string_view text) noexcept;

}  // namespace nsqlookupd
