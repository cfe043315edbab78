#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.hpp"
#include "nsqlookupd/registry/peer.hpp"

namespace nsqlookupd {

struct Topic;

/// A topic or one of its channels, with the peers that host it, in the order in which they
/// registered. It outlives its producers. Source: spec/nsqlookupd.md 4.2.
struct Registration {
  Topic* topic = nullptr;
  std::string_view channel{};  ///< empty: the topic itself
  MembershipList<OfRegistration, Membership> producers{};

  bool is_topic() const noexcept { return channel.empty(); }
};

/// A number that stands for /lookup's answer about a topic: equal numbers, equal answers. It comes
/// from the answer, not from its history, so it holds across restarts.
struct LookupIndex {
  std::uint64_t value = 0;
  /// Until then it changes only by what Registry reports as topic_changed: then a producer turns
  /// inactive or a tombstone expires.
  nsq::MonoTime stable_until{};
};

/// A topic's registration and those of its channels. Channels may be registered without their
/// topic: `registered` tells, and an answer about the topic exists only if it is.
struct Topic {
  std::string_view name{};
  bool registered = false;
  Registration self{};
  std::map<std::string, Registration, std::less<>> channels{};
  mutable std::optional<LookupIndex> index{};  ///< as computed last; none after a change
};

/// By name, in its order. The elements stay where they are.
using TopicMap = std::map<std::string, Topic, std::less<>>;

}  // namespace nsqlookupd
