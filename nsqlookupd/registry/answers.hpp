#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "nsqlookupd/registry/registry.hpp"

namespace nsqlookupd {

// The bodies of the answers, as JSON in upstream's order of members. Source:
// spec/nsqlookupd.md 6.

// Answers about everything can be long, so they are written in steps between which others have
// their turn. What comes, goes or changes between two steps may be in the answer or not; all the
// rest is in it, once. A step takes about as long for each unit of its budget, well below a
// microsecond.

/// `{"topics":[…]}`, sorted.
class TopicsAnswer {
 public:
  /// @param registry  outlives the object.
  explicit TopicsAnswer(const Registry& registry);
  /// Writes about `budget` names. @return whether there are more; if not, take() has the answer.
  bool step(std::size_t budget);
  std::string take() && { return std::move(out_); }

 private:
  const Registry& registry_;
  std::string out_;
  std::string last_;  // the name that was looked at last
};

/// `{"producers":[…]}`: the active peers, with their topics and which of those are tombstoned.
class NodesAnswer {
 public:
  NodesAnswer(const Registry& registry, nsq::Now now);
  /// The same, for about `budget` nodes.
  bool step(std::size_t budget);
  std::string take() && { return std::move(out_); }

 private:
  void append_node(const Peer& peer);

  const Registry& registry_;
  const nsq::Now now_;
  std::string out_;
  std::uint64_t last_ = 0;  // the number of the peer that was looked at last
};

/// An answer in one step.
template <class Answer>
std::string whole(Answer answer) {
  while (answer.step(std::numeric_limits<std::size_t>::max())) {
  }
  return std::move(answer).take();
}

/// `{"channels":[…]}`, sorted; none of a topic that is not known.
std::string channels_json(const Registry& registry, std::string_view topic);

/// `{"channels":[…],"producers":[…]}` with the producers that are active and not tombstoned.
/// @param index  if given, a last member `"index":<index>`.
/// @return nothing if the topic is not registered.
std::optional<std::string> lookup_json(const Registry& registry, std::string_view topic,
                                       nsq::Now now, std::optional<std::uint64_t> index = {});

}  // namespace nsqlookupd
