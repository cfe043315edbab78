// Random operations on a Registry and on a model of it that searches through everything.

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/nsqlookupd/registry/registry_fixture.hpp"

using namespace nsqlookupd;

namespace {

bool ephemeral(const std::string& name) {
  return name.ends_with("#ephemeral");
}

/// spec/nsqlookupd.md 3.6, 3.7, 4.2, 6.5 and 6.6, word by word. Producers are ids; a topic's own
/// registration has the channel "".
struct Model {
  using Ids = std::set<std::string>;
  std::map<std::string, std::map<std::string, Ids>> topics;

  void add(const std::string& id, const std::string& topic, const std::string& channel) {
    if (!channel.empty()) topics[topic][channel].insert(id);
    topics[topic][""].insert(id);
  }
  void remove(const std::string& id, const std::string& topic, const std::string& channel) {
    if (!topics.contains(topic)) return;
    auto& of_topic = topics[topic];
    if (channel.empty()) {
      for (auto& [name, ids] : of_topic) ids.erase(id);
    } else if (of_topic.contains(channel)) {
      of_topic[channel].erase(id);
    }
    const std::string& asked = channel.empty() ? topic : channel;
    if (of_topic.contains(channel) && of_topic[channel].empty() && ephemeral(asked)) {
      of_topic.erase(channel);
    }
    tidy();
  }
  void leave(const std::string& id) {
    for (auto& [topic, registrations] : topics) {
      bool topic_goes = false;
      for (auto place = registrations.begin(); place != registrations.end();) {
        auto& [channel, ids] = *place;
        const bool goes =
            ids.erase(id) > 0 && ids.empty() && (ephemeral(topic) || ephemeral(channel));
        topic_goes |= goes && channel.empty();
        place = goes ? registrations.erase(place) : std::next(place);
      }
      if (topic_goes) std::erase_if(registrations, [](const auto& r) { return r.second.empty(); });
    }
    tidy();
  }
  void create(const std::string& topic, const std::string& channel) {
    topics[topic][channel];
    topics[topic][""];
  }
  void erase(const std::string& topic, const std::string& channel) {
    if (channel.empty()) {
      topics.erase(topic);
    } else if (topics.contains(topic)) {
      topics[topic].erase(channel);
    }
    tidy();
  }
  void tidy() {
    std::erase_if(topics, [](const auto& topic) { return topic.second.empty(); });
  }
};

struct Comparison : RegistryFixture {
  void compare() const {
    Names registered;
    for (const auto& [topic, registrations] : model.topics) {
      Names names;
      for (const auto& [channel, ids] : registrations) {
        if (!channel.empty()) names.push_back(channel);
      }
      CHECK(channels(topic) == names);
      if (!registrations.contains("")) {
        CHECK(producers(topic) == Names{"none"});
        continue;
      }
      registered.push_back(topic);
      const auto listed = producers(topic);
      CHECK(std::set<std::string>(listed.begin(), listed.end()) == registrations.at(""));
      CHECK(listed.size() == registrations.at("").size());
    }
    CHECK(topics() == registered);
    CHECK(registry.topics().size() == model.topics.size());
    compare_nodes();
  }

  void compare_nodes() const {
    const auto shown = nodes();
    CHECK(shown.size() == peers.size());
    for (const auto& node : shown) {
      const Names names = node.at("topics");
      std::set<std::string> expected;
      for (const auto& [topic, registrations] : model.topics) {
        const auto own = registrations.find("");
        if (own != registrations.end() && own->second.contains(node.at("remote_address"))) {
          expected.insert(topic);
        }
      }
      CHECK(std::set<std::string>(names.begin(), names.end()) == expected);
      CHECK(names.size() == expected.size());
    }
  }

  Model model;
  std::map<std::string, Peer*> peers;
};

}  // namespace

TEST_CASE_METHOD(Comparison, "a registry does what the specification says", "[registry][model]") {
  const auto seed = GENERATE(range(1U, 21U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto pick = [&](const Names& names) { return names[random() % names.size()]; };
  const Names topic_names{"t", "tt", "u", "e#ephemeral", "f#ephemeral"};
  const Names channel_names{"", "", "c", "d", "x#ephemeral"};
  int next = 0;
  for (int step = 0; step < 400; ++step) {
    const std::string t = pick(topic_names);
    const std::string c = pick(channel_names);
    const auto operation = random() % 20;
    if (operation == 0 || peers.empty()) {
      const std::string id = "p:" + std::to_string(next++);
      peers[id] = &join(id);
      continue;
    }
    const auto who = std::next(peers.begin(), static_cast<std::ptrdiff_t>(random() % peers.size()));
    const auto& [id, peer] = *who;
    if (operation < 9) {
      model.add(id, t, c);
      c.empty() ? registry.add(*peer, topic(t)) : registry.add(*peer, topic(t), channel(c));
    } else if (operation < 15) {
      model.remove(id, t, c);
      c.empty() ? registry.remove(*peer, topic(t)) : registry.remove(*peer, topic(t), channel(c));
    } else if (operation == 15) {
      model.create(t, c);
      c.empty() ? registry.create(topic(t)) : registry.create(topic(t), channel(c));
    } else if (operation == 16) {
      model.erase(t, c);
      if (c.empty()) {
        registry.erase_topic(t);
      } else {
        registry.erase_channel(t, c);
      }
    } else if (operation == 17) {
      model.leave(id);
      leave(*peer);
      peers.erase(who);
    }
    if (step % 20 == 0) compare();
  }
  for (const auto& [id, peer] : peers) {
    model.leave(id);
    leave(*peer);
  }
  peers.clear();
  compare();
}
