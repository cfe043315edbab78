#include "nsqd/session/protocol.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/session/protocol_fixture.hpp"

using namespace nsqd;
using namespace std::string_literals;

namespace {

const std::string kNoId = "0123456789abcdef";

/// Input after the magic, what is replied, and whether that ends the conversation.
struct Row {
  std::string input;
  Texts replies;
  bool ended;
};

}  // namespace

TEST_CASE("only the magic of V2 begins a conversation", "[session][protocol]") {
  Daemon daemon;
  const auto wrong = GENERATE("  V1"s, "GET / HTTP/1.1\r\n"s, "\0\0\0\0"s);
  Conversation client(daemon, wrong);
  CHECK(client.replies() == Texts{"E_BAD_PROTOCOL"});
  CHECK(client.protocol.ended());
  CHECK_FALSE(client.protocol.is_client());
}

TEST_CASE("half a magic is waited for", "[session][protocol]") {
  Daemon daemon;
  Conversation client(daemon, "  ");
  CHECK_FALSE(client.protocol.is_client());
  CHECK_FALSE(client.protocol.ended());
  CHECK(client.ask("V2SUB t c\n") == Texts{"OK"});
  CHECK(client.protocol.is_client());
}

TEST_CASE("commands on a new connection are answered as the spec says", "[session][protocol]") {
  const auto row = GENERATE(values<Row>({
      {"\n", {"E_INVALID invalid command "}, true},
      {"ASDF\n", {"E_INVALID invalid command ASDF"}, true},
      {"nop\n", {"E_INVALID invalid command nop"}, true},
      {"NOP extra\n", {}, false},
      {"SUB t c\r\n", {"OK"}, false},
      {"SUB t c extra\n", {"OK"}, false},
      {"SUB  t c\n", {"E_BAD_TOPIC SUB topic name \"\" is not valid"}, true},
      {"SUB t c:d\n", {"E_BAD_CHANNEL SUB channel name \"c:d\" is not valid"}, true},
      {"SUB t\n", {"E_INVALID SUB insufficient number of parameters"}, true},
      {"PUB\n", {"E_INVALID PUB insufficient number of parameters"}, true},
      {"RDY 1\n", {"E_INVALID cannot RDY in current state"}, true},
      {"FIN " + kNoId + "\n", {"E_INVALID cannot FIN in current state"}, true},
      {"REQ\n", {"E_INVALID cannot REQ in current state"}, true},
      {"TOUCH\n", {"E_INVALID cannot TOUCH in current state"}, true},
      {"CLS\n", {"E_INVALID cannot CLS in current state"}, true},
      {with_body("PUB t", "m"), {"OK"}, false},
      {"PUB bad:name\n", {"E_BAD_TOPIC PUB topic name \"bad:name\" is not valid"}, true},
      {"MPUB bad:name\n",
       {"E_BAD_TOPIC E_BAD_TOPIC MPUB topic name \"bad:name\" is not valid"},
       true},
      {"PUB t\n" + be32(0xffffffff), {"E_BAD_MESSAGE PUB invalid message body size -1"}, true},
      {"PUB t\n" + be32(0), {"E_BAD_MESSAGE PUB invalid message body size 0"}, true},
      {"PUB t\n" + be32(1048577), {"E_BAD_MESSAGE PUB message too big 1048577 > 1048576"}, true},
      {"DPUB t\n", {"E_INVALID DPUB insufficient number of parameters"}, true},
      {"DPUB t -1\n", {"E_INVALID DPUB could not parse timeout -1"}, true},
      {"DPUB t 3600100\n", {"E_INVALID DPUB timeout 3600100 out of range 0-3600000"}, true},
      {with_body("DPUB t 3600000", "m"), {"OK"}, false},
      {with_body("DPUB t ", "m"), {"OK"}, false},
      {"MPUB t\n" + be32(8) + be32(0), {"E_BAD_BODY MPUB invalid message count 0"}, true},
      {"MPUB t\n" + be32(8) + be32(1048576),
       {"E_BAD_BODY MPUB invalid message count 1048576"},
       true},
      {with_body("IDENTIFY", "{}"), {"OK"}, false},
      {with_body("IDENTIFY", "null"), {"OK"}, false},
      {with_body("IDENTIFY", "[]"), {"E_BAD_BODY IDENTIFY failed to decode JSON body"}, true},
      {with_body("IDENTIFY", R"({"heartbeat_interval":999})"),
       {"E_BAD_BODY IDENTIFY heartbeat interval (999) is invalid"},
       true},
      {with_body("IDENTIFY", R"({"heartbeat_interval":-1})") + "SUB t c\n",
       {"OK", "E_INVALID cannot SUB with heartbeats disabled"},
       true},
      {with_body("AUTH", "secret"), {"E_AUTH_DISABLED AUTH disabled"}, true},
      {"AUTH x\n", {"E_INVALID AUTH invalid number of parameters"}, true},
  }));
  Daemon daemon;
  Conversation client(daemon);
  CAPTURE(row.input);
  CHECK(client.ask(row.input) == row.replies);
  CHECK(client.protocol.ended() == row.ended);
  if (row.ended) CHECK(client.ask(with_body("PUB t", "m")).empty());
}

TEST_CASE("commands of a subscriber are answered as the spec says", "[session][protocol]") {
  const auto row = GENERATE(values<Row>({
      {"SUB t c\n", {"E_INVALID cannot SUB in current state"}, true},
      {with_body("IDENTIFY", "{}"), {"E_INVALID cannot IDENTIFY in current state"}, true},
      {"RDY 2500\n", {}, false},
      {"RDY 2501\n", {"E_INVALID RDY count 2501 out of range 0-2500"}, true},
      {"RDY -1\n", {"E_INVALID RDY could not parse count -1"}, true},
      {"RDY 18446744073709551615\n", {"E_INVALID RDY count -1 out of range 0-2500"}, true},
      {"FIN\n", {"E_INVALID FIN insufficient number of params"}, true},
      {"FIN \n", {"E_INVALID invalid message ID"}, true},
      {"FIN abc\n", {"E_INVALID invalid message ID"}, true},
      {"FIN " + kNoId + "\n", {"E_FIN_FAILED FIN " + kNoId + " failed ID not in flight"}, false},
      {"FIN ZZZZZZZZZZZZZZZZ\n",
       {"E_FIN_FAILED FIN ZZZZZZZZZZZZZZZZ failed ID not in flight"},
       false},
      {"REQ " + kNoId + " 0\n", {"E_REQ_FAILED REQ " + kNoId + " failed ID not in flight"}, false},
      {"REQ " + kNoId + "\n", {"E_INVALID REQ insufficient number of params"}, true},
      {"REQ " + kNoId + " -1\n", {"E_INVALID REQ could not parse timeout -1"}, true},
      {"TOUCH " + kNoId + "\n",
       {"E_TOUCH_FAILED TOUCH " + kNoId + " failed ID not in flight"},
       false},
      {"TOUCH x\n", {"E_INVALID invalid message ID"}, true},
      {with_body("PUB t", "m"), {"OK"}, false},
      {"CLS\n", {"CLOSE_WAIT"}, false},
      {"CLS\nCLS\n", {"CLOSE_WAIT", "E_INVALID cannot CLS in current state"}, true},
      {"CLS\nRDY nonsense\n", {"CLOSE_WAIT"}, false},
      {"CLS\nFIN " + kNoId + "\n",
       {"CLOSE_WAIT", "E_FIN_FAILED FIN " + kNoId + " failed ID not in flight"},
       false},
  }));
  Daemon daemon;
  Conversation client(daemon);
  REQUIRE(client.ask("SUB t c\n") == Texts{"OK"});
  CAPTURE(row.input);
  CHECK(client.ask(row.input) == row.replies);
  CHECK(client.protocol.ended() == row.ended);
}

TEST_CASE("RDY counts 1 when nothing is said, and 0 when nothing is said behind a space",
          "[session][protocol]") {
  Daemon daemon;
  Conversation client(daemon);
  client.send("SUB t c\nRDY\n");
  CHECK(daemon.topic("t").channels.at(0).consumers.at(0).ready_count == 1);
  client.send("RDY \n");
  CHECK(daemon.topic("t").channels.at(0).consumers.at(0).ready_count == 0);
}

TEST_CASE("a line that is too long ends the conversation without a word", "[session][protocol]") {
  Daemon daemon;
  Conversation client(daemon);
  SECTION("16383 characters are a command") {
    const std::string token(16'383, 'x');
    CHECK(client.ask(token + "\n") == Texts{"E_INVALID invalid command " + token});
  }
  SECTION("16384 are not") {
    CHECK(client.ask(with_body("PUB t", "m") + std::string(16'384, 'x') + "\n") == Texts{"OK"});
  }
  CHECK(client.protocol.ended());
}

TEST_CASE("a body that is cut off is told, an idle end is not", "[session][protocol]") {
  struct Cut {
    std::string input;
    Texts replies;
  };
  const auto cut = GENERATE(values<Cut>({
      {"", {}},
      {"PUB", {}},
      {"PUB t\n" + be32(10) + "abc", {"E_BAD_MESSAGE PUB failed to read message body"}},
      {"PUB t\n\0\0"s, {"E_BAD_MESSAGE PUB failed to read message body size"}},
      {"DPUB t 5\n" + be32(10), {"E_BAD_MESSAGE DPUB failed to read message body"}},
      {"IDENTIFY\n", {"E_BAD_BODY IDENTIFY failed to read body size"}},
      {"IDENTIFY\n" + be32(5) + "{", {"E_BAD_BODY IDENTIFY failed to read body"}},
      {"MPUB t\n", {"E_BAD_BODY MPUB failed to read body size"}},
      {"MPUB t\n" + be32(20), {"E_BAD_BODY MPUB failed to read message count"}},
      {"MPUB t\n" + be32(20) + be32(2), {"E_BAD_MESSAGE MPUB failed to read message(0) body size"}},
      {with_body("PUB t", "m"), {"OK"}},
      {with_body("PUB t", "m") + "PUB t\n" + be32(3),
       {"OK", "E_BAD_MESSAGE PUB failed to read message body"}},
  }));
  Daemon daemon;
  Conversation client(daemon);
  CAPTURE(cut.input);
  client.send(cut.input);
  client.protocol.cut_off();
  CHECK(client.protocol.ended());
  CHECK(client.replies() == cut.replies);
}

TEST_CASE("a consumer over the limit is refused", "[session][protocol]") {
  Options options;
  options.max_channel_consumers = 1;
  Daemon daemon(options);
  Conversation first(daemon);
  Conversation second(daemon);
  Conversation third(daemon);
  CHECK(first.ask("SUB t c\n") == Texts{"OK"});
  CHECK(second.ask("SUB t c\n") ==
        Texts{"E_SUB_FAILED SUB failed consumers for t:c exceeds limit of 1"});
  CHECK(third.ask("SUB t d\n") == Texts{"OK"});
}

TEST_CASE("a stopping daemon refuses what would create something", "[session][protocol]") {
  Daemon daemon;
  Conversation client(daemon);
  daemon.broker.close();
  SECTION("PUB") {
    CHECK(client.ask(with_body("PUB t", "m")) == Texts{"E_PUB_FAILED PUB failed exiting"});
  }
  SECTION("MPUB") {
    CHECK(client.ask(mpub("t", {"m"})) == Texts{"E_MPUB_FAILED MPUB failed exiting"});
  }
  SECTION("DPUB") {
    CHECK(client.ask(with_body("DPUB t 5", "m")) == Texts{"E_DPUB_FAILED DPUB failed exiting"});
  }
  SECTION("SUB") {
    CHECK(client.ask("SUB t c\n") == Texts{"E_SUB_FAILED SUB failed exiting"});
  }
  CHECK(client.protocol.ended());
}

TEST_CASE("a client that left is no consumer any more", "[session][protocol]") {
  Daemon daemon;
  {
    Conversation client(daemon);
    client.send("SUB t c\nRDY 1\n");
    CHECK(daemon.topic("t").channels.at(0).client_count == 1);
    CHECK(daemon.clients.count() == 1);
  }
  CHECK(daemon.topic("t").channels.at(0).client_count == 0);
  CHECK(daemon.clients.count() == 0);
}
