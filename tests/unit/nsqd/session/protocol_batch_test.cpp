// What came in one read is one batch; cut anywhere, it comes to the same.

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/session/protocol_fixture.hpp"

using namespace nsqd;
using namespace std::string_literals;

namespace {

/// Publishes `count` messages, subscribes with room for all, and pulls them.
std::vector<std::string> deliver(Conversation& client, int count) {
  for (int i = 0; i < count; ++i) client.send(with_body("PUB t", "m" + std::to_string(i)));
  client.send("SUB t c\nRDY 100\n");
  (void)client.replies();
  return client.pull();
}

std::string failed_fin(const std::string& id) {
  return "E_FIN_FAILED FIN " + id + " failed ID not in flight";
}

const std::string kGhost = "0123456789abcdef";

}  // namespace

TEST_CASE("PUBs side by side are one append, answered each", "[session][protocol][batch]") {
  Daemon daemon;
  Conversation client(daemon);
  client.send(with_body("PUB t", "a") + with_body("PUB t", "b") + with_body("PUB t", "c"));
  CHECK(daemon.commits->appends == 1);
  CHECK(client.replies() == Texts{"OK", "OK", "OK"});
  CHECK(daemon.topic("t").message_count == 3);
  CHECK(daemon.topic("t").message_bytes == 3);
}

TEST_CASE("another topic or another command begins another append", "[session][protocol][batch]") {
  Daemon daemon;
  Conversation client(daemon);
  client.send(with_body("PUB t", "a") + with_body("PUB u", "b") + with_body("PUB u", "c") +
              "NOP\n" + with_body("PUB u", "d") + mpub("u", {"e", "f"}) + with_body("PUB t", "g"));
  CHECK(daemon.commits->appends == 5);
  CHECK(client.replies().size() == 6);
  CHECK(daemon.topic("t").message_count == 2);
  CHECK(daemon.topic("u").message_count == 5);
}

TEST_CASE("no publish is answered before its commit", "[session][protocol][batch]") {
  Daemon daemon;
  Conversation client(daemon);
  client.send(with_body("PUB t", "a") + "SUB t c\n");
  CHECK(client.protocol.replies().ready().empty());
  CHECK(client.replies() == Texts{"OK", "OK"});
}

TEST_CASE("publishes to an ephemeral topic wait for no commit", "[session][protocol][batch]") {
  Daemon daemon;
  Conversation client(daemon);
  client.send(with_body("PUB t#ephemeral", "a"));
  CHECK(texts(client.protocol.replies().ready()) == Texts{"OK"});
}

TEST_CASE("a commit that fails is told and ends the conversation", "[session][protocol][batch]") {
  Daemon daemon;
  Conversation client(daemon);
  daemon.log.fail_commits = true;
  client.send(with_body("PUB t", "a") + with_body("PUB t", "b") + "SUB t c\n");
  CHECK(client.replies() == Texts{"E_PUB_FAILED PUB failed disk full"});
  CHECK(client.protocol.ended());
}

TEST_CASE("replies keep the order of publishes and answers", "[session][protocol][batch]") {
  Daemon daemon;
  Conversation client(daemon);
  const auto ids = deliver(client, 4);
  REQUIRE(ids.size() == 4);
  const std::string fin = "FIN " + ids[0] + "\n";
  CHECK(client.ask("FIN " + kGhost + "\n" + with_body("PUB t", "x") + fin + fin +
                   with_body("PUB t", "y") + with_body("PUB t", "z") + "TOUCH " + kGhost + "\n" +
                   "FIN " + kGhost + "\n" + "REQ " + kGhost + " 0\n") ==
        Texts{failed_fin(kGhost), "OK", failed_fin(ids[0]), "OK", "OK",
              "E_TOUCH_FAILED TOUCH " + kGhost + " failed ID not in flight", failed_fin(kGhost),
              "E_REQ_FAILED REQ " + kGhost + " failed ID not in flight"});
  CHECK(daemon.topic("t").channels.at(0).in_flight_count == 3);
}

TEST_CASE("FINs of one read take effect together", "[session][protocol][batch]") {
  Daemon daemon;
  Conversation client(daemon);
  const auto ids = deliver(client, 5);
  std::string fins;
  for (const auto& id : ids) fins += "FIN " + id + "\n";
  CHECK(client.ask(fins).empty());
  const auto channel = daemon.topic("t").channels.at(0);
  CHECK(channel.in_flight_count == 0);
  CHECK(channel.consumers.at(0).finish_count == 5);
}

TEST_CASE("what another connection has in flight is not mine to answer",
          "[session][protocol][batch]") {
  Daemon daemon;
  Conversation owner(daemon);
  const auto id = deliver(owner, 1).at(0);
  Conversation other(daemon);
  CHECK(other.ask("SUB t c\nFIN " + id + "\nREQ " + id + " 0\nTOUCH " + id + "\n") ==
        Texts{"OK", "E_FIN_FAILED FIN " + id + " failed client does not own message",
              "E_REQ_FAILED REQ " + id + " failed client does not own message",
              "E_TOUCH_FAILED TOUCH " + id + " failed client does not own message"});
}

TEST_CASE("REQ beyond the longest delay is cut to it", "[session][protocol][batch]") {
  Daemon daemon;
  Conversation client(daemon);
  const auto id = deliver(client, 1).at(0);
  CHECK(client.ask("REQ " + id + " 7200000\n").empty());
  CHECK(daemon.topic("t").channels.at(0).deferred_count == 1);
  daemon.advance(nsq::Seconds(3599));
  CHECK(daemon.topic("t").channels.at(0).deferred_count == 1);
  daemon.advance(nsq::Seconds(1));
  CHECK(client.pull() == std::vector<std::string>{id});
}

TEST_CASE("after a fatal command nothing is executed, before it everything is",
          "[session][protocol][batch]") {
  Daemon daemon;
  Conversation client(daemon);
  CHECK(client.ask(with_body("PUB t", "a") + "NONSENSE\n" + with_body("PUB t", "b")) ==
        Texts{"OK", "E_INVALID invalid command NONSENSE"});
  CHECK(daemon.topic("t").message_count == 1);
}

TEST_CASE("FINs before a bad one are answered before it", "[session][protocol][batch]") {
  Daemon daemon;
  Conversation client(daemon);
  REQUIRE(client.ask("SUB t c\n") == Texts{"OK"});
  SECTION("that has no valid id") {
    CHECK(client.ask("FIN " + kGhost + "\nFIN abc\n") ==
          Texts{failed_fin(kGhost), "E_INVALID invalid message ID"});
  }
  SECTION("that has no id") {
    CHECK(client.ask("FIN " + kGhost + "\nFIN\n") ==
          Texts{failed_fin(kGhost), "E_INVALID FIN insufficient number of params"});
  }
}

TEST_CASE("a conversation cut at any byte is executed exactly once", "[session][protocol][batch]") {
  const std::string whole = with_body("IDENTIFY", R"({"client_id":"x"})") + "NOP\r\n" +
                            with_body("PUB t", "12345") + with_body("PUB t", "\n\n\n") +
                            mpub("t", {"a", "bb", "ccc"}) + with_body("DPUB t 100", "later") +
                            "SUB t c\nRDY 2\nFIN " + kGhost + "\n" + with_body("PUB u", "end") +
                            "CLS\n";
  const Texts expected{"OK", "OK", "OK", "OK", "OK", "OK", failed_fin(kGhost), "OK", "CLOSE_WAIT"};
  const auto check = [&](Daemon& daemon, Conversation& client, const Texts& replies) {
    CHECK(replies == expected);
    CHECK_FALSE(client.protocol.ended());
    CHECK(daemon.topic("t").message_count == 6);
    CHECK(daemon.topic("u").message_count == 1);
    CHECK(daemon.topic("t").channels.at(0).depth == 5);
    CHECK(daemon.topic("t").channels.at(0).deferred_count == 1);
  };
  SECTION("in two") {
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
      CAPTURE(cut);
      Daemon daemon;
      Conversation client(daemon);
      client.send(whole.substr(0, cut));
      client.send(whole.substr(cut));
      check(daemon, client, client.replies());
    }
  }
  SECTION("in single bytes, a commit after each") {
    Daemon daemon;
    Conversation client(daemon);
    Texts replies;
    for (const char byte : whole) {
      for (auto& reply : client.ask({&byte, 1})) replies.push_back(std::move(reply));
    }
    check(daemon, client, replies);
  }
}

TEST_CASE("an MPUB in two halves is published once, when it is complete",
          "[session][protocol][batch]") {
  Daemon daemon;
  Conversation client(daemon);
  const std::string batch = mpub("t", {"one", "two", std::string(500, '3')});
  client.send(batch.substr(0, 40));
  REQUIRE(daemon.broker.find_topic("t") != nullptr);  // it exists before the body is there
  CHECK(daemon.topic("t").message_count == 0);
  CHECK(client.protocol.needed() > 40);
  client.send(batch.substr(40));
  CHECK(client.replies() == Texts{"OK"});
  CHECK(daemon.topic("t").message_count == 3);
  CHECK(daemon.commits->appends == 1);
  CHECK(client.protocol.needed() == 0);
}

TEST_CASE("an MPUB with a bad message publishes none of them", "[session][protocol][batch]") {
  Options options;
  options.max_msg_size = 100;
  options.max_body_size = 1000;
  Daemon daemon(options);
  Conversation client(daemon);
  SECTION("an empty one") {
    CHECK(client.ask(mpub("t", {"1", "2", "3", "4", "5", "", "7"})) ==
          Texts{"E_BAD_MESSAGE MPUB invalid message(5) body size 0"});
  }
  SECTION("one that is too big") {
    CHECK(client.ask(mpub("t", {"1", std::string(101, 'x')})) ==
          Texts{"E_BAD_MESSAGE MPUB message too big 101 > 100"});
  }
  SECTION("too much together") {
    CHECK(client.ask(mpub("t", Texts(11, std::string(100, 'x')))) ==
          Texts{"E_BAD_BODY MPUB body too big 1148 > 1000"});
  }
  CHECK(client.protocol.ended());
  CHECK(daemon.topic("t").message_count == 0);
}

TEST_CASE("a topic that was deleted under a publisher is created anew",
          "[session][protocol][batch]") {
  Daemon daemon;
  Conversation client(daemon);
  CHECK(client.ask(with_body("PUB t", "a")) == Texts{"OK"});
  REQUIRE(daemon.broker.delete_topic("t"));
  CHECK(client.ask(with_body("PUB t", "b") + with_body("PUB t", "c")) == Texts{"OK", "OK"});
  CHECK(daemon.topic("t").message_count == 2);
}

TEST_CASE("a consumer is woken, pulls, and is told when its channel is deleted",
          "[session][protocol][batch]") {
  Daemon daemon;
  Conversation consumer(daemon);
  consumer.send("SUB t c\nRDY 1\n");
  CHECK(consumer.pull().empty());
  Conversation producer(daemon);
  producer.send(with_body("PUB t", "a"));
  CHECK(consumer.bell->calls == 1);
  CHECK(consumer.pull().size() == 1);
  REQUIRE(daemon.broker.delete_topic("t"));
  CHECK(consumer.bell->calls == 2);
  std::vector<Run> runs;
  CHECK(consumer.protocol.pull(daemon.now, {}, runs).evicted);
}

TEST_CASE("a heartbeat stands behind what was replied before it", "[session][protocol][batch]") {
  Daemon daemon;
  Conversation client(daemon);
  client.send(with_body("PUB t", "a"));
  client.protocol.add_heartbeat();
  CHECK(client.replies() == Texts{"OK", "_heartbeat_"});
}
