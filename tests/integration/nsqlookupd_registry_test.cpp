// The cases of spec/nsqlookupd.md 7 about what is registered, by number.

#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/eventually.hpp"
#include "tests/support/nsqlookupd.hpp"

namespace nsq::test {
namespace {

using Names = Nsqlookupd::Names;
using Flags = std::vector<bool>;

TEST_CASE("7.15 a channel that is unregistered stays", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  LookupPeer peer = lookupd.peer("host", {"t c"});
  CHECK(lookupd.topics() == Names{"t"});
  CHECK(lookupd.channels("t") == Names{"c"});
  CHECK(peer.ask("UNREGISTER t c\n") == "OK");
  CHECK(lookupd.channels("t") == Names{"c"});
  CHECK(lookupd.producers("t") == Names{"host"});
}

TEST_CASE("7.16 a topic that is unregistered with its channels", "[integration][nsqlookupd]") {
  Nsqlookupd lookupd;
  LookupPeer peer = lookupd.peer("host", {"t c", "u"});
  CHECK(peer.ask("UNREGISTER t\n") == "OK");
  lookupd.process().wait_for_line("unexpected UNREGISTER category:channel key:t subkey:c");
  CHECK(lookupd.channels("t") == Names{"c"});
  CHECK(lookupd.producers("t").empty());
  CHECK(lookupd.nodes().at(0).at("topics") == Names{"u"});
}

TEST_CASE("7.17 unregistering what is unknown", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  LookupPeer peer = lookupd.peer();
  CHECK(peer.ask("UNREGISTER nope\n") == "OK");
  CHECK(peer.ask("UNREGISTER nope c\n") == "OK");
  CHECK(peer.ask("PING\n") == "OK");
  CHECK(lookupd.topics().empty());
}

TEST_CASE("7.18 what is ephemeral goes with its last producer", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  LookupPeer a = lookupd.peer("a", {"t c#ephemeral", "e#ephemeral"});
  LookupPeer b = lookupd.peer("b", {"t c#ephemeral", "e#ephemeral"});
  REQUIRE(a.ask("UNREGISTER t c#ephemeral\n") == "OK");
  REQUIRE(a.ask("UNREGISTER e#ephemeral\n") == "OK");
  CHECK(lookupd.channels("t") == Names{"c#ephemeral"});
  CHECK(lookupd.topics() == Names{"e#ephemeral", "t"});
  REQUIRE(b.ask("UNREGISTER t c#ephemeral\n") == "OK");
  REQUIRE(b.ask("UNREGISTER e#ephemeral\n") == "OK");
  CHECK(lookupd.channels("t").empty());
  CHECK(lookupd.topics() == Names{"t"});
  CHECK(lookupd.producers("t") == Names{"a", "b"});
}

TEST_CASE("7.19 what is ephemeral goes with its connection", "[integration][nsqlookupd]") {
  // Upstream keeps it until it is deleted by hand.
  const Nsqlookupd lookupd;
  LookupPeer a = lookupd.peer("a", {"t c#ephemeral", "e#ephemeral c", "t d"});
  LookupPeer b = lookupd.peer("b", {"t c#ephemeral"});
  a.close();
  CHECK(await_value(Names{"t"}, [&] { return lookupd.topics(); }) == Names{"t"});
  CHECK(lookupd.channels("t") == Names{"c#ephemeral", "d"});
  CHECK(lookupd.channels("e#ephemeral").empty());
  b.close();
  CHECK(await_value(Names{"d"}, [&] { return lookupd.channels("t"); }) == Names{"d"});
}

TEST_CASE("7.20 a disconnect", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  LookupPeer peer = lookupd.peer("host", {"t c"});
  CHECK(lookupd.get("/debug").json().size() == 3);
  peer.close();
  CHECK(eventually([&] { return lookupd.nodes().empty(); }));
  const HttpResponse answer = lookupd.get("/lookup?topic=t");
  CHECK(answer.status == 200);
  CHECK(answer.body == R"({"channels":["c"],"producers":[]})");
  CHECK(lookupd.topics() == Names{"t"});
  CHECK(lookupd.get("/debug").body == "{}");
}

TEST_CASE("7.21 two connections of one node", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  LookupPeer first = lookupd.peer("host", {"t"});
  LookupPeer second = lookupd.peer("host", {"t"});
  CHECK(lookupd.producers("t") == Names{"host", "host"});
  CHECK(lookupd.nodes().size() == 2);
  first.close();
  CHECK(eventually([&] { return lookupd.nodes().size() == 1; }));
  CHECK(lookupd.producers("t") == Names{"host"});
}

TEST_CASE("7.22 a silent producer is hidden until it pings", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd({"--inactive-producer-timeout=100ms"});
  LookupPeer peer = lookupd.peer("host", {"t"});
  CHECK(eventually([&] { return lookupd.nodes().empty(); }));
  CHECK(lookupd.producers("t").empty());
  CHECK(lookupd.topics() == Names{"t"});
  REQUIRE(peer.ask("REGISTER t c\n") == "OK");
  CHECK(lookupd.nodes().empty());
  CHECK(eventually([&] {
    REQUIRE(peer.ask("PING\n") == "OK");
    return lookupd.producers("t") == Names{"host"};
  }));
}

TEST_CASE("4.4 a timeout of 0 hides everyone, a tombstone of 0 nobody",
          "[integration][nsqlookupd]") {
  const Nsqlookupd hiding({"--inactive-producer-timeout=0"});
  const LookupPeer hidden = hiding.peer("host", {"t"});
  CHECK(hiding.nodes().empty());
  CHECK(hiding.producers("t").empty());
  const Nsqlookupd showing({"--tombstone-lifetime=0"});
  const LookupPeer shown = showing.peer("host", {"t"});
  CHECK(showing.post("/topic/tombstone?topic=t&node=host:4151").status == 200);
  CHECK(showing.producers("t") == Names{"host"});
}

TEST_CASE("7.23 a tombstone", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd({"--tombstone-lifetime=300ms"});
  LookupPeer peer = lookupd.peer("host", {"a", "t", "z"});
  CHECK(lookupd.post("/topic/tombstone?topic=t&node=host:4151").status == 200);
  const auto node = lookupd.nodes().at(0);
  REQUIRE(node.at("topics") == Names{"a", "t", "z"});
  CHECK(node.at("tombstones") == Flags{false, true, false});
  CHECK(lookupd.producers("a") == Names{"host"});
  CHECK(eventually([&] { return lookupd.producers("t") == Names{"host"}; }));
  CHECK(lookupd.nodes().at(0).at("tombstones") == Flags{false, false, false});
  CHECK(lookupd.get("/debug").json().at("topic:t:").at(0).at("tombstoned") == true);
}

TEST_CASE("7.23-24 a tombstone and registering again", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  LookupPeer peer = lookupd.peer("host", {"t"});
  REQUIRE(lookupd.post("/topic/tombstone?topic=t&node=host:4151").status == 200);
  CHECK(lookupd.producers("t").empty());
  REQUIRE(peer.ask("REGISTER t\n") == "OK");
  CHECK(lookupd.producers("t").empty());
  REQUIRE(peer.ask("UNREGISTER t\n") == "OK");
  REQUIRE(peer.ask("REGISTER t\n") == "OK");
  CHECK(lookupd.producers("t") == Names{"host"});
}

TEST_CASE("7.25 a tombstone and unregistering", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd({"--tombstone-lifetime=1ms"});
  LookupPeer peer = lookupd.peer("host", {"t", "other"});
  for (const char* name : {"t", "other"}) {
    REQUIRE(lookupd.post(std::string("/topic/tombstone?node=host:4151&topic=") + name).status ==
            200);
  }
  REQUIRE(peer.ask("UNREGISTER t\n") == "OK");
  REQUIRE(eventually([&] { return lookupd.producers("other") == Names{"host"}; }));
  CHECK(lookupd.producers("t").empty());
}

TEST_CASE("7.26 nodes to tombstone", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  const LookupPeer v4 = lookupd.peer("host", {"t"});
  const LookupPeer v6 = lookupd.peer("::1", {"t"});
  for (const char* query : {"topic=t&node=other:4151", "topic=t&node=host:4150", "topic=t&node=",
                            "topic=nope&node=host:4151", "topic=*&node=host:4151"}) {
    CAPTURE(query);
    CHECK(lookupd.post(std::string("/topic/tombstone?") + query).status == 200);
    CHECK(lookupd.producers("t") == Names{"::1", "host"});
  }
  const std::string node = GENERATE("::1:4151", "[::1]:4151");  // upstream knows only the first
  CHECK(lookupd.post("/topic/tombstone?topic=t&node=" + node).status == 200);
  CHECK(lookupd.producers("t") == Names{"host"});
}

TEST_CASE("7.37 a topic that is deleted while its nsqd is connected", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  LookupPeer peer = lookupd.peer("host", {"t c"});
  CHECK(lookupd.post("/topic/delete?topic=t").status == 200);
  CHECK(lookupd.topics().empty());
  CHECK(lookupd.channels("t").empty());
  CHECK(lookupd.nodes().at(0).at("topics") == Names{});
  CHECK(peer.ask("UNREGISTER t c\n") == "OK");
  CHECK(peer.ask("REGISTER t c\n") == "OK");
  CHECK(lookupd.producers("t") == Names{"host"});
}

TEST_CASE("7.42 addresses that need escaping", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  const std::string address = "a\"b<c> d&\\\xc3\xa9\xe2\x80\xa8";
  const LookupPeer peer = lookupd.peer(address, {"t"});
  CHECK(lookupd.producers("t") == Names{address});
  CHECK(lookupd.nodes().at(0).at("broadcast_address") == address);
  CHECK(lookupd.get("/debug").json().at("client::").at(0).at("broadcast_address") == address);
}

TEST_CASE("6.3-4 all members are always there", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  auto body = nlohmann::json::parse(lookup_identity());
  body["topology_zone"] = "z";
  LookupPeer peer = lookupd.connect();
  peer.ask(lookup_identify(body.dump()));
  REQUIRE(peer.ask("REGISTER t\n") == "OK");
  const auto producer = lookupd.get("/lookup?topic=t").json().at("producers").at(0);
  CHECK(producer.size() == 8);
  for (const char* member : {"remote_address", "hostname", "broadcast_address", "tcp_port",
                             "http_port", "version", "topology_zone", "topology_region"}) {
    CAPTURE(member);
    CHECK(producer.contains(member));
  }
  CHECK(producer.at("topology_zone") == "z");
  CHECK(lookupd.nodes().at(0).size() == 10);
}

}  // namespace
}  // namespace nsq::test
