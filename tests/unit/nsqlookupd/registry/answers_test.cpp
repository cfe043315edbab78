#include "nsqlookupd/registry/answers.hpp"

#include "tests/unit/nsqlookupd/registry/registry_fixture.hpp"

using namespace nsqlookupd;

TEST_CASE_METHOD(RegistryFixture, "answers of an empty registry", "[registry][answers]") {
  CHECK(whole(TopicsAnswer(registry)) == R"({"topics":[]})");
  CHECK(channels_json(registry, "t") == R"({"channels":[]})");
  CHECK(channels_json(registry, "*") == R"({"channels":[]})");
  CHECK_FALSE(lookup_json(registry, "t", now));
  CHECK(whole(NodesAnswer(registry, now)) == R"({"producers":[]})");
  CHECK(whole(DebugAnswer(registry)) == "{}");
}

TEST_CASE_METHOD(RegistryFixture, "answers, byte for byte", "[registry][answers]") {
  PeerIdentity who = identity("b");
  who.topology_zone = "z";
  who.topology_region = "r";
  Peer& peer = registry.join("10.0.0.1:46566", who, now);
  registry.add(peer, topic("t"), channel("d"));
  registry.add(peer, topic("t"), channel("c"));
  registry.add(peer, topic("s"));
  registry.create(topic("made"), channel("c"));

  const std::string producer =
      R"({"remote_address":"10.0.0.1:46566","hostname":"h","broadcast_address":"b","tcp_port":4150,)"
      R"("http_port":4151,"version":"1.3.0","topology_zone":"z","topology_region":"r")";
  CHECK(whole(TopicsAnswer(registry)) == R"({"topics":["made","s","t"]})");
  CHECK(channels_json(registry, "t") == R"({"channels":["c","d"]})");
  CHECK(lookup_json(registry, "made", now) == R"({"channels":["c"],"producers":[]})");
  CHECK(lookup_json(registry, "t", now) ==
        R"({"channels":["c","d"],"producers":[)" + producer + "}]}");
  CHECK(lookup_json(registry, "made", now, 17) ==
        R"({"channels":["c"],"producers":[],"index":17})");
  CHECK(whole(NodesAnswer(registry, now)) ==
        R"({"producers":[)" + producer + R"(,"tombstones":[false,false],"topics":["t","s"]}]})");

  const std::string shown =
      R"([{"broadcast_address":"b","hostname":"h","http_port":4151,"id":"10.0.0.1:46566",)"
      R"("last_update":7000000000,"tcp_port":4150,"tombstoned":false,)"
      R"("tombstoned_at":-6795364578871345152,"topology_region":"r","topology_zone":"z",)"
      R"("version":"1.3.0"}])";
  CHECK(whole(DebugAnswer(registry)) == R"({"channel:t:c":)" + shown + R"(,"channel:t:d":)" +
                                            shown + R"(,"client::":)" + shown + R"(,"topic:s:":)" +
                                            shown + R"(,"topic:t:":)" + shown + "}");
}

TEST_CASE_METHOD(RegistryFixture, "what peers say about themselves is escaped",
                 "[registry][answers]") {
  PeerIdentity who = identity("a\"b<c> \xc3\xa9\n");
  who.version = "\\\xff";
  Peer& peer = registry.join("a:1", who, now);
  registry.add(peer, topic("t"));
  const auto text = *lookup_json(registry, "t", now);
  CHECK(text.contains("\"broadcast_address\":\"a\\\"b\\u003cc\\u003e \xc3\xa9\\n\""));
  CHECK(text.contains(R"("version":"\\\ufffd")"));
  CHECK(nodes()[0].at("broadcast_address") == "a\"b<c> \xc3\xa9\n");
  CHECK(debug().at("client::").at(0).at("broadcast_address") == "a\"b<c> \xc3\xa9\n");
}

TEST_CASE_METHOD(RegistryFixture, "tombstones and topics of a node are as long as each other",
                 "[registry][answers]") {
  Peer& peer = join("a:1");
  const int count = GENERATE(1, 2, 1023, 1024, 1025, 2048, 2049);
  for (int i = 0; i < count; ++i) registry.add(peer, topic("t" + std::to_string(i)));
  CHECK(nodes()[0].at("topics").size() == static_cast<std::size_t>(count));
  CHECK(nodes()[0].at("tombstones").size() == static_cast<std::size_t>(count));
}

TEST_CASE_METHOD(RegistryFixture, "topics of a node come and go in any order",
                 "[registry][answers]") {
  Peer& peer = join("a:1");
  using Names = RegistryFixture::Names;
  for (const char* name : {"a", "ab", "b", "a.b"}) registry.add(peer, topic(name));
  registry.remove(peer, topic("ab"));
  CHECK(nodes()[0].at("topics") == Names{"a", "b", "a.b"});
  registry.remove(peer, topic("a.b"));
  CHECK(nodes()[0].at("topics") == Names{"a", "b"});
  registry.remove(peer, topic("a"));
  CHECK(nodes()[0].at("topics") == Names{"b"});
  registry.remove(peer, topic("b"));
  CHECK(nodes()[0].at("topics") == Names{});
  registry.add(peer, topic("a"));
  CHECK(nodes()[0].at("topics") == Names{"a"});
}

TEST_CASE_METHOD(RegistryFixture, "in steps of any size an answer is the same",
                 "[registry][answers]") {
  for (const char* id : {"a:1", "b:1", "c:1"}) {
    Peer& peer = join(id);
    for (const char* name : {"t", "u", "v"}) {
      registry.add(peer, topic(name), channel("c"));
      registry.add(peer, topic(name), channel("d"));
    }
  }
  registry.create(topic("made"), channel("c"));
  Peer& last = join("d:1");
  registry.add(last, topic("s#ephemeral"), channel("c"));  // leaves the channel behind
  registry.remove(last, topic("s#ephemeral"));
  const std::size_t budget = GENERATE(1U, 2U, 3U, 5U, 100U);
  const auto stepped = [&](auto answer) {
    int steps = 1;
    for (; answer.step(budget); ++steps) REQUIRE(steps < 100);
    if (budget == 1) CHECK(steps >= 3);
    if (budget == 100) CHECK(steps == 1);
    return std::move(answer).take();
  };
  CHECK(stepped(TopicsAnswer(registry)) == whole(TopicsAnswer(registry)));
  CHECK(stepped(NodesAnswer(registry, now)) == whole(NodesAnswer(registry, now)));
  CHECK(stepped(DebugAnswer(registry)) == whole(DebugAnswer(registry)));
}

TEST_CASE_METHOD(RegistryFixture, "what comes and goes between steps does no harm",
                 "[registry][answers]") {
  using Names = RegistryFixture::Names;
  Peer& a = join("a:1");
  Peer& b = join("b:1");
  for (const char* name : {"m", "n", "o"}) {
    registry.add(a, topic(name), channel("c"));
    registry.add(b, topic(name));
  }
  TopicsAnswer topic_names(registry);
  NodesAnswer all_nodes(registry, now);
  DebugAnswer everything(registry);
  REQUIRE(topic_names.step(1));
  REQUIRE(all_nodes.step(1));
  REQUIRE(everything.step(1));

  registry.erase_topic("m");
  registry.create(topic("a"));
  registry.create(topic("z"));
  leave(a);
  Peer& c = join("c:1");
  registry.add(c, topic("n"), channel("c"));

  const auto finish = [](auto answer) { return nlohmann::json::parse(whole(std::move(answer))); };
  CHECK(finish(std::move(topic_names)).at("topics") == Names{"m", "n", "o", "z"});
  const auto nodes = finish(std::move(all_nodes)).at("producers");
  CHECK(nodes.size() == 3);
  CHECK(nodes.at(2).at("remote_address") == "c:1");
  const auto debug = finish(std::move(everything));
  CHECK(debug.at("channel:m:c").size() == 1);
  CHECK(debug.at("channel:n:c").at(0).at("id") == "c:1");
  CHECK(debug.at("client::").size() == 2);
  CHECK_FALSE(debug.contains("channel:o:c"));
}
