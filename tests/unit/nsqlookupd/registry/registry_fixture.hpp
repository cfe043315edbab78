#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "nsqlookupd/registry/answers.hpp"
#include "nsqlookupd/registry/debug_answer.hpp"
#include "nsqlookupd/registry/registry.hpp"

namespace nsqlookupd {

/// Writes down what a registry tells.
class RecordingObserver final : public RegistryObserver {
 public:
  void registered(const Peer& peer, const Key& key) override { note("+", peer, key); }
  void unregistered(const Peer& peer, const Key& key, Removal why) override {
    note(why == Removal::with_topic ? "!" : "-", peer, key);
  }
  void topic_changed(std::string_view topic) override { changed.emplace_back(topic); }
  void has_departed() override { ++departed; }

  std::vector<std::string> events;   ///< `+a channel:t:c`, `-…`, `!…` for an unexpected one
  std::vector<std::string> changed;  ///< topics
  int departed = 0;

 private:
  void note(std::string_view what, const Peer& peer, const Key& key) {
    events.push_back(fmt::format("{}{} {}:{}:{}", what, peer.id(), to_string(key.category), key.key,
                                 key.subkey));
  }
};

inline nsq::wire::TopicName topic(std::string_view name) {
  return nsq::wire::TopicName::parse(name).value();
}
inline nsq::wire::ChannelName channel(std::string_view name) {
  return nsq::wire::ChannelName::parse(name).value();
}

inline PeerIdentity identity(std::string address = "host") {
  return {.broadcast_address = std::move(address),
          .hostname = "h",
          .version = "1.3.0",
          .tcp_port = 4150,
          .http_port = 4151};
}

/// A registry with a clock that is moved by hand.
struct RegistryFixture {
  nsq::Now now{.mono = nsq::MonoTime(nsq::Seconds(1000)), .wall = nsq::WallTime(nsq::Seconds(7))};
  RecordingObserver observer;
  Registry registry{
      {.inactive_producer_timeout = nsq::Seconds(60), .tombstone_lifetime = nsq::Seconds(10)},
      observer};

  void pass(nsq::Nanoseconds time) {
    now.mono += time;
    now.wall += time;
  }
  Peer& join(std::string id, std::string address = "host") {
    return registry.join(std::move(id), identity(std::move(address)), now);
  }

  /// Until nothing of the peer is left.
  void leave(Peer& peer) {
    registry.leave(peer);
    while (registry.forget_some(1)) {
    }
  }

  using Names = std::vector<std::string>;
  Names topics() const { return nlohmann::json::parse(whole(TopicsAnswer(registry))).at("topics"); }
  Names channels(std::string_view name) const {
    return nlohmann::json::parse(channels_json(registry, name)).at("channels");
  }
  /// Ids of the peers that /lookup lists; {"none"} if there is no such topic.
  Names producers(std::string_view name) const {
    const auto text = lookup_json(registry, name, now);
    if (!text) return {"none"};
    Names ids;
    const auto answer = nlohmann::json::parse(*text);
    for (const auto& producer : answer.at("producers")) {
      ids.push_back(producer.at("remote_address"));
    }
    return ids;
  }
  nlohmann::json nodes() const {
    return nlohmann::json::parse(whole(NodesAnswer(registry, now))).at("producers");
  }
  nlohmann::json debug() const { return nlohmann::json::parse(whole(DebugAnswer(registry))); }
  std::uint64_t index(std::string_view name) const {
    return registry.lookup_index(name, now).value;
  }
};

}  // namespace nsqlookupd
