#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

#include "nsqlookupd/registry/registry.hpp"

namespace nsqlookupd {

/// /debug: every registration that has producers, under `category:key:subkey`, with all of them,
/// hidden or not. Written in steps, as the answers of answers.hpp. Source: spec/nsqlookupd.md 6.7.
class DebugAnswer {
 public:
  /// @param registry  outlives the object.
  explicit DebugAnswer(const Registry& registry);
  /// Writes about `budget` producers; a registration is written whole. @return whether there is
  /// more.
  bool step(std::size_t budget);
  std::string take() && { return std::move(out_); }

 private:
  /// What is said about a peer, but for the tombstone in the middle.
  struct PeerText {
    std::string before;
    std::string behind;
  };
  enum class Part { channels, clients, topics, done };

  bool write_part(std::size_t& budget);
  bool write_channels(std::size_t& budget);
  bool write_topics(std::size_t& budget);
  void write_clients(std::size_t& budget);
  void write(const Key& key, const Registration& registration, std::size_t& budget);
  void begin(const Key& key);
  void append(const Peer& peer, const std::optional<nsq::Now>& tombstoned_at);
  void end();
  static PeerText text_of(const Peer& peer);

  const Registry& registry_;
  boost::unordered_flat_map<std::uint64_t, PeerText> texts_;  // by number
  std::string out_ = "{";
  std::size_t start_ = 0;  // of the registration that is being written
  std::size_t first_ = 0;  // of its first producer
  Part part_ = Part::channels;
  std::string last_topic_;    // what was written last of this part
  std::string last_channel_;  // likewise
};

}  // namespace nsqlookupd
