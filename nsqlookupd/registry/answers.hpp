#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nsqlookupd/registry/registry.hpp"

namespace nsqlookupd {

// The bodies of the answers, as JSON in upstream's order of members. Source:
// spec/nsqlookupd.md 6.

/// `{"topics":[…]}`, sorted.
std::string topics_json(const Registry& registry);

/// `{"channels":[…]}`, sorted; none of a topic that is not known.
std::string channels_json(const Registry& registry, std::string_view topic);

/// `{"channels":[…],"producers":[…]}` with the producers that are active and not tombstoned.
/// @param index  if given, a last member `"index":<index>`.
/// @return nothing if the topic is not registered.
std::optional<std::string> lookup_json(const Registry& registry, std::string_view topic,
                                       nsq::Now now, std::optional<std::uint64_t> index = {});

/// `{"producers":[…]}`: the active peers, with their topics and which of those are tombstoned.
std::string nodes_json(const Registry& registry, nsq::Now now);

/// Every registration that has producers, under `category:key:subkey`, and all its producers.
std::string debug_json(const Registry& registry);

}  // namespace nsqlookupd
