#include "nsqlookupd/registry/registry.hpp"

#include "tests/unit/nsqlookupd/registry/registry_fixture.hpp"

using namespace nsqlookupd;
using Names = RegistryFixture::Names;

TEST_CASE_METHOD(RegistryFixture, "a peer that joins is a node without topics", "[registry]") {
  join("a:1");
  REQUIRE(nodes().size() == 1);
  CHECK(nodes()[0].at("remote_address") == "a:1");
  CHECK(nodes()[0].at("topics") == Names{});
  CHECK(nodes()[0].at("tombstones").empty());
  CHECK(observer.events == Names{"+a:1 client::"});
}

TEST_CASE_METHOD(RegistryFixture, "a channel comes with its topic", "[registry]") {
  Peer& peer = join("a:1");
  registry.add(peer, topic("t"), channel("c"));
  CHECK(topics() == Names{"t"});
  CHECK(channels("t") == Names{"c"});
  CHECK(producers("t") == Names{"a:1"});
  CHECK(observer.events == Names{"+a:1 client::", "+a:1 channel:t:c", "+a:1 topic:t:"});
}

TEST_CASE_METHOD(RegistryFixture, "registering again changes nothing", "[registry]") {
  Peer& peer = join("a:1");
  registry.add(peer, topic("t"), channel("c"));
  const auto events = observer.events;
  const auto changed = observer.changed;
  pass(nsq::Seconds(5));
  registry.add(peer, topic("t"), channel("c"));
  registry.add(peer, topic("t"));
  CHECK(observer.events == events);
  CHECK(observer.changed == changed);
  CHECK(nodes()[0].at("topics") == Names{"t"});
  CHECK(peer.last_update().mono == now.mono - nsq::Seconds(5));
}

TEST_CASE_METHOD(RegistryFixture, "unregistering a channel leaves it, and the topic",
                 "[registry]") {
  Peer& peer = join("a:1");
  registry.add(peer, topic("t"), channel("c"));
  observer.events.clear();
  registry.remove(peer, topic("t"), channel("c"));
  registry.remove(peer, topic("t"), channel("c"));
  CHECK(observer.events == Names{"-a:1 channel:t:c"});
  CHECK(channels("t") == Names{"c"});
  CHECK(producers("t") == Names{"a:1"});
}

TEST_CASE_METHOD(RegistryFixture, "unregistering a topic takes its channels along", "[registry]") {
  Peer& peer = join("a:1");
  registry.add(peer, topic("t"), channel("c"));
  registry.add(peer, topic("u"));
  observer.events.clear();
  registry.remove(peer, topic("t"));
  CHECK(observer.events == Names{"!a:1 channel:t:c", "-a:1 topic:t:"});
  CHECK(topics() == Names{"t", "u"});
  CHECK(channels("t") == Names{"c"});
  CHECK(producers("t") == Names{});
  CHECK(nodes()[0].at("topics") == Names{"u"});
}

TEST_CASE_METHOD(RegistryFixture, "unregistering what is not there does nothing", "[registry]") {
  Peer& peer = join("a:1");
  observer.events.clear();
  registry.remove(peer, topic("t"));
  registry.remove(peer, topic("t"), channel("c"));
  registry.create(topic("t"), channel("c"));
  registry.remove(peer, topic("t"), channel("d"));
  registry.remove(peer, topic("t"));
  CHECK(observer.events.empty());
  CHECK(channels("t") == Names{"c"});
}

TEST_CASE_METHOD(RegistryFixture, "an ephemeral channel goes with the last that unregisters it",
                 "[registry][ephemeral]") {
  Peer& a = join("a:1");
  Peer& b = join("b:1");
  registry.add(a, topic("t"), channel("c#ephemeral"));
  registry.add(b, topic("t"), channel("c#ephemeral"));
  registry.remove(a, topic("t"), channel("c#ephemeral"));
  CHECK(channels("t") == Names{"c#ephemeral"});
  registry.remove(b, topic("t"), channel("c#ephemeral"));
  CHECK(channels("t").empty());
  CHECK(producers("t") == Names{"a:1", "b:1"});
}

TEST_CASE_METHOD(RegistryFixture, "an ephemeral topic goes, its channels stay behind",
                 "[registry][ephemeral]") {
  Peer& a = join("a:1");
  Peer& b = join("b:1");
  registry.add(a, topic("t#ephemeral"), channel("c"));
  registry.add(b, topic("t#ephemeral"), channel("d#ephemeral"));
  registry.remove(a, topic("t#ephemeral"));
  CHECK(topics() == Names{"t#ephemeral"});
  registry.remove(b, topic("t#ephemeral"));
  CHECK(topics().empty());
  CHECK(producers("t#ephemeral") == Names{"none"});
  CHECK(channels("t#ephemeral") == Names{"c", "d#ephemeral"});
  CHECK(index("t#ephemeral") == index("never heard of"));

  registry.erase_channel("t#ephemeral", "c");
  registry.erase_channel("t#ephemeral", "d#ephemeral");
  CHECK(registry.topics().empty());
}

TEST_CASE_METHOD(RegistryFixture, "what is ephemeral goes with the connection that held it",
                 "[registry][ephemeral]") {
  Peer& a = join("a:1");
  Peer& b = join("b:1");
  for (Peer* peer : {&a, &b}) {
    registry.add(*peer, topic("t"), channel("c#ephemeral"));
    registry.add(*peer, topic("u#ephemeral"), channel("c"));
    registry.add(*peer, topic("t"), channel("d"));
  }
  registry.create(topic("u#ephemeral"), channel("made"));
  leave(a);
  CHECK(topics() == Names{"t", "u#ephemeral"});
  CHECK(channels("t") == Names{"c#ephemeral", "d"});
  leave(b);
  CHECK(topics() == Names{"t"});
  CHECK(channels("t") == Names{"d"});
  CHECK(channels("u#ephemeral").empty());
  CHECK(registry.topics().size() == 1);
}

TEST_CASE_METHOD(RegistryFixture, "who leaves vanishes, topics and channels stay", "[registry]") {
  Peer& peer = join("a:1");
  registry.add(peer, topic("t"), channel("c"));
  registry.add(peer, topic("u"));
  observer.events.clear();
  leave(peer);
  CHECK(nodes().empty());
  CHECK(producers("t") == Names{});
  CHECK(topics() == Names{"t", "u"});
  CHECK(channels("t") == Names{"c"});
  CHECK(debug() == nlohmann::json::object());
  CHECK(observer.events ==
        Names{"-a:1 client::", "-a:1 channel:t:c", "-a:1 topic:t:", "-a:1 topic:u:"});
}

TEST_CASE_METHOD(RegistryFixture, "who leaves is unseen at once, and forgotten bit by bit",
                 "[registry]") {
  constexpr int kTopics = 1000;
  Peer& big = join("a:1");
  Peer& small = join("b:1");
  for (int i = 0; i < kTopics; ++i) registry.add(big, topic("t" + std::to_string(i)));
  registry.add(small, topic("t999"));
  observer.events.clear();

  registry.leave(big);
  CHECK(observer.departed == 1);
  CHECK(producers("t999") == Names{"b:1"});
  registry.leave(small);
  CHECK(observer.departed == 1);
  CHECK(producers("t999").empty());
  CHECK(nodes().empty());
  CHECK(debug() == nlohmann::json::object());
  CHECK(topics().size() == kTopics);

  CHECK(observer.events == Names{"-a:1 client::", "-b:1 client::"});
  int turns = 1;
  for (; registry.forget_some(100); ++turns) REQUIRE(turns < 20);
  CHECK(turns == 11);
  CHECK(observer.events.size() == kTopics + 1 + 2);
  CHECK_FALSE(registry.forget_some(100));
  registry.leave(join("c:1"));
  CHECK(observer.departed == 2);
}

TEST_CASE_METHOD(RegistryFixture, "a producer is hidden once it is silent for too long",
                 "[registry][time]") {
  Peer& peer = join("a:1");
  registry.add(peer, topic("t"));
  pass(nsq::Seconds(60));
  CHECK(producers("t") == Names{"a:1"});
  pass(nsq::Nanoseconds(1));
  CHECK(producers("t") == Names{});
  CHECK(nodes().empty());
  CHECK(topics() == Names{"t"});
  CHECK(debug().at("topic:t:").size() == 1);

  registry.add(peer, topic("t"), channel("c"));  // does not revive
  CHECK(producers("t") == Names{});
  observer.changed.clear();
  registry.ping(peer, now);
  CHECK(observer.changed == Names{"t"});
  CHECK(producers("t") == Names{"a:1"});
  observer.changed.clear();
  registry.ping(peer, now);
  CHECK(observer.changed.empty());
}

TEST_CASE("with a timeout of 0 every producer is hidden, with the longest none",
          "[registry][time]") {
  RecordingObserver observer;
  nsq::Now now{.mono = nsq::MonoTime(nsq::Seconds(1000)), .wall = {}};
  const auto timeout = GENERATE(nsq::Nanoseconds(0), nsq::Nanoseconds::max());
  Registry registry({.inactive_producer_timeout = timeout}, observer);
  registry.add(registry.join("a:1", identity(), now), topic("t"));
  now.mono += nsq::Nanoseconds(1);
  CHECK(lookup_json(registry, "t", now)->contains("a:1") == (timeout.count() > 0));
  CHECK((registry.lookup_index("t", now).stable_until == nsq::MonoTime::max()));
}

TEST_CASE_METHOD(RegistryFixture, "a tombstone hides a node from one topic for a while",
                 "[registry][tombstone]") {
  Peer& peer = join("a:1");
  for (const char* name : {"t", "u", "v"}) registry.add(peer, topic(name));
  registry.tombstone("u", "host:4151", now);
  CHECK(producers("t") == Names{"a:1"});
  CHECK(producers("u") == Names{});
  CHECK(nodes()[0].at("topics") == Names{"t", "u", "v"});
  CHECK(nodes()[0].at("tombstones") == std::vector<bool>{false, true, false});

  registry.add(peer, topic("u"));  // does not lift it
  CHECK(producers("u") == Names{});
  pass(nsq::Seconds(10) - nsq::Nanoseconds(1));
  CHECK(producers("u") == Names{});
  pass(nsq::Nanoseconds(1));
  CHECK(producers("u") == Names{"a:1"});
  CHECK(nodes()[0].at("tombstones") == std::vector<bool>{false, false, false});
  const auto shown = debug().at("topic:u:").at(0);
  CHECK(shown.at("tombstoned") == true);
  CHECK(shown.at("tombstoned_at") == nsq::unix_nanos(now.wall - nsq::Seconds(10)));

  registry.tombstone("u", "host:4151", now);  // again
  CHECK(producers("u") == Names{});
}

TEST_CASE_METHOD(RegistryFixture, "registering anew has no tombstone", "[registry][tombstone]") {
  Peer& peer = join("a:1");
  registry.add(peer, topic("t"));
  registry.tombstone("t", "host:4151", now);
  registry.remove(peer, topic("t"));
  registry.add(peer, topic("t"));
  CHECK(producers("t") == Names{"a:1"});
}

TEST_CASE_METHOD(RegistryFixture, "a tombstoned producer that unregistered does not come back",
                 "[registry][tombstone]") {
  Peer& peer = join("a:1");
  registry.add(peer, topic("t"));
  registry.tombstone("t", "host:4151", now);
  registry.remove(peer, topic("t"));
  pass(nsq::Seconds(11));
  CHECK(producers("t") == Names{});
}

TEST_CASE_METHOD(RegistryFixture, "every connection of a node is tombstoned, and no other node",
                 "[registry][tombstone]") {
  for (const char* id : {"a:1", "a:2"}) registry.add(join(id), topic("t"));
  registry.add(join("b:1", "other"), topic("t"));
  registry.tombstone("t", "host:4151", now);
  CHECK(producers("t") == Names{"b:1"});
  for (const char* node : {"host", "host:4150", "other:41510", "", ":4151", "[other]:4151"}) {
    registry.tombstone("t", node, now);
  }
  registry.tombstone("u", "other:4151", now);
  registry.tombstone("*", "other:4151", now);
  CHECK(producers("t") == Names{"b:1"});
}

TEST_CASE_METHOD(RegistryFixture, "an IPv6 node is known with and without brackets",
                 "[registry][tombstone]") {
  const std::string node = GENERATE("::1:4151", "[::1]:4151");
  registry.add(join("a:1", "::1"), topic("t"));
  registry.tombstone("t", node, now);
  CHECK(producers("t") == Names{});
}

TEST_CASE_METHOD(RegistryFixture, "topics and channels can be there before any producer",
                 "[registry]") {
  registry.create(topic("t"));
  registry.create(topic("u"), channel("c"));
  CHECK(topics() == Names{"t", "u"});
  CHECK(producers("u") == Names{});
  CHECK(channels("u") == Names{"c"});
  observer.changed.clear();
  registry.create(topic("u"), channel("c"));
  CHECK(observer.changed.empty());
}

TEST_CASE_METHOD(RegistryFixture, "deleting a topic takes it from its producers", "[registry]") {
  Peer& peer = join("a:1");
  for (const char* name : {"s", "t", "u"}) registry.add(peer, topic(name), channel("c"));
  CHECK(registry.erase_topic("t"));
  CHECK_FALSE(registry.erase_topic("t"));
  CHECK_FALSE(registry.erase_topic("*"));
  CHECK(topics() == Names{"s", "u"});
  CHECK(nodes()[0].at("topics") == Names{"s", "u"});
  CHECK(nodes()[0].at("tombstones").size() == 2);
  registry.remove(peer, topic("t"));
  registry.erase_topic("s");
  registry.erase_topic("u");
  CHECK(nodes()[0].at("topics") == Names{});
  registry.add(peer, topic("t"));
  CHECK(producers("t") == Names{"a:1"});
  CHECK(channels("t").empty());
  CHECK(nodes()[0].at("topics") == Names{"t"});
}

TEST_CASE_METHOD(RegistryFixture, "deleting a channel", "[registry]") {
  Peer& peer = join("a:1");
  registry.add(peer, topic("t"), channel("c"));
  CHECK(registry.erase_channel("t", "c"));
  CHECK_FALSE(registry.erase_channel("t", "c"));
  CHECK_FALSE(registry.erase_channel("nope", "c"));
  CHECK(channels("t").empty());
  CHECK(producers("t") == Names{"a:1"});
}

TEST_CASE_METHOD(RegistryFixture, "equal identities are listed once a connection", "[registry]") {
  Peer& a = join("a:1");
  Peer& b = join("a:2");
  registry.add(a, topic("t"));
  registry.add(b, topic("t"));
  CHECK(producers("t") == Names{"a:1", "a:2"});
  registry.leave(a);
  CHECK(producers("t") == Names{"a:2"});
  CHECK(nodes().size() == 1);
}

TEST_CASE_METHOD(RegistryFixture, "the index stands for the answer", "[registry][index]") {
  CHECK(index("t") == index("u"));
  Peer& a = join("a:1");
  Peer& b = join("b:1");
  registry.add(a, topic("t"));
  const auto with_a = index("t");
  CHECK(with_a != index("u"));
  registry.add(b, topic("t"));
  const auto with_both = index("t");
  CHECK(with_both != with_a);
  registry.create(topic("t"), channel("c"));
  CHECK(index("t") != with_both);
  registry.erase_channel("t", "c");
  CHECK(index("t") == with_both);
  registry.tombstone("t", "nobody:1", now);
  CHECK(index("t") == with_both);

  pass(nsq::Seconds(30));
  registry.ping(a, now);
  pass(nsq::Seconds(31));
  CHECK(index("t") == with_a);  // b is silent
  CHECK((registry.lookup_index("t", now).stable_until ==
         now.mono + nsq::Seconds(29) + nsq::Nanoseconds(1)));
  registry.ping(b, now);
  CHECK(index("t") == with_both);

  registry.tombstone("t", "host:4151", now);
  const auto hidden = registry.lookup_index("t", now);
  CHECK(hidden.value != with_both);
  CHECK((hidden.stable_until == now.mono + nsq::Seconds(10)));
  pass(nsq::Seconds(10));
  CHECK(index("t") == with_both);
  leave(b);
  CHECK(index("t") == with_a);
  registry.erase_topic("t");
  CHECK(index("t") == index("u"));
}

TEST_CASE_METHOD(RegistryFixture, "an index fits into every JSON reader's number",
                 "[registry][index]") {
  for (int i = 0; i < 100; ++i) {
    registry.add(join("a:" + std::to_string(i)), topic("t"));
    CHECK(index("t") < (std::uint64_t{1} << 53));
    CHECK(index("t") > 1);
  }
}
