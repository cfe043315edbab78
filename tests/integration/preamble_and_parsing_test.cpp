#include <string>

#include <catch2/catch.hpp>

#include "tests/integration/daemons.hpp"

namespace nsq::test {
namespace {

// Sends `bytes` on a new connection and returns the one frame that comes back before the close.
Frame fatal_answer(Nsqd& nsqd, std::string_view bytes) {
  RawClient client = nsqd.connect();
  const Frame frame = client.ask(bytes);
  CHECK(client.read_to_end() == "");
  return frame;
}

RawClient without_magic(Nsqd& nsqd) {
  return RawClient(Socket::tcp(nsqd.tcp_port()), RawClient::Magic::omit);
}

TEST_CASE("10.1/1 the magic of another version is E_BAD_PROTOCOL and the end", "[integration]") {
  RawClient client = without_magic(plain_nsqd());
  client.send("  V1");
  CHECK(client.read_to_end() == be32(18) + be32(1) + "E_BAD_PROTOCOL");
}

TEST_CASE("10.1/2 an HTTP request on the TCP port is E_BAD_PROTOCOL", "[integration]") {
  RawClient client = without_magic(plain_nsqd());
  client.send("GET / HTTP/1.1");
  CHECK(client.read() == error("E_BAD_PROTOCOL"));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.1/3 half a magic and a half-close are answered by a close", "[integration]") {
  RawClient client = without_magic(plain_nsqd());
  client.send("  ");
  client.shutdown_write();
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.1/4 an empty line is an invalid command", "[integration]") {
  CHECK(fatal_answer(plain_nsqd(), "\n") == error("E_INVALID invalid command "));
  RawClient client = plain_nsqd().connect();
  CHECK(client.ask("\n\n") == error("E_INVALID invalid command "));
  CHECK(plain_nsqd().get("/ping").body == "OK");
}

TEST_CASE("10.1/5 an unknown command is named in the answer", "[integration]") {
  CHECK(fatal_answer(plain_nsqd(), "ASDF\n") == error("E_INVALID invalid command ASDF"));
}

TEST_CASE("10.1/6 command names are case-sensitive", "[integration]") {
  CHECK(fatal_answer(plain_nsqd(), "nop\n") == error("E_INVALID invalid command nop"));
}

TEST_CASE("10.1/7 a CR before the LF is not part of the line", "[integration]") {
  RawClient client = plain_nsqd().connect();
  CHECK(client.ask("SUB " + fresh("t") + " c\r\n") == ok());
}

TEST_CASE("10.1/8 two spaces make an empty parameter", "[integration]") {
  CHECK(fatal_answer(plain_nsqd(), "SUB  t c\n") ==
        error("E_BAD_TOPIC SUB topic name \"\" is not valid"));
}

TEST_CASE("10.1/9 surplus parameters are ignored", "[integration]") {
  RawClient client = plain_nsqd().connect();
  client.send("NOP extra\n");
  CHECK(client.ask("SUB " + fresh("t") + " c extra\n") == ok());
  CHECK(client.marker() == ok());
}

TEST_CASE("10.1/10 a line may have 16384 bytes with its LF", "[integration]") {
  const std::string longest(16383, 'A');
  CHECK(fatal_answer(plain_nsqd(), longest + "\n") ==
        error("E_INVALID invalid command " + longest));
  RawClient client = plain_nsqd().connect();
  client.send(longest + "A\n");
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.1/11 missing parameters", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  CHECK(fatal_answer(nsqd, "SUB t\n") == error("E_INVALID SUB insufficient number of parameters"));
  CHECK(fatal_answer(nsqd, "PUB\n") == error("E_INVALID PUB insufficient number of parameters"));
  CHECK(fatal_answer(nsqd, "MPUB\n") == error("E_INVALID MPUB insufficient number of parameters"));
  CHECK(fatal_answer(nsqd, "DPUB t\n") ==
        error("E_INVALID DPUB insufficient number of parameters"));
  const auto [command, wrong] = GENERATE(table<std::string, std::string>(
      {{"FIN", "FIN\n"}, {"REQ", "REQ 0123456789abcdef\n"}, {"TOUCH", "TOUCH\n"}}));
  RawClient client = nsqd.consumer(fresh("t"), "c");
  CHECK(client.ask(wrong) == error("E_INVALID " + command + " insufficient number of params"));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.1/12 RDY, FIN, REQ, TOUCH and CLS need a subscription", "[integration]") {
  const auto [command, line] = GENERATE(table<std::string, std::string>({{"RDY", "RDY 1\n"},
                                                                         {"FIN", "FIN x\n"},
                                                                         {"REQ", "REQ x 0\n"},
                                                                         {"TOUCH", "TOUCH x\n"},
                                                                         {"CLS", "CLS\n"}}));
  CHECK(fatal_answer(plain_nsqd(), line) ==
        error("E_INVALID cannot " + command + " in current state"));
}

TEST_CASE("10.1/13 a second SUB is refused", "[integration]") {
  RawClient client = plain_nsqd().consumer(fresh("t"), "c");
  CHECK(client.subscribe("t", "c") == error("E_INVALID cannot SUB in current state"));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.1/14 IDENTIFY and AUTH after SUB are refused", "[integration]") {
  const std::string command = GENERATE("IDENTIFY", "AUTH");
  RawClient client = plain_nsqd().consumer(fresh("t"), "c");
  CHECK(client.ask(command + "\n") == error("E_INVALID cannot " + command + " in current state"));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.1/15 RDY without a count is 1, with an empty one 0", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const auto [line, count] = GENERATE(table<std::string, int>({{"RDY\n", 1}, {"RDY \n", 0}}));
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(2) + line);
  CHECK(client.marker() == ok());
  for (int i = 0; i < 3; ++i) nsqd.publish(topic, "m");
  CHECK(nsqd.await_stat(topic, "c", "in_flight_count", count) == count);
  CHECK(nsqd.await_stat(topic, "c", "depth", 3 - count) == 3 - count);
}

TEST_CASE("10.1/16 RDY may be max-rdy-count and no more", "[integration]") {
  RawClient client = tight_nsqd().consumer(fresh("t"), "c");
  client.send("RDY 50\n");
  CHECK(client.marker() == ok());
  CHECK(client.ask("RDY 51\n") == error("E_INVALID RDY count 51 out of range 0-50"));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.1/17 a RDY count has digits only and is read modulo 2^64", "[integration]") {
  const auto [count, answer] = GENERATE(table<std::string, std::string>({
      {"-1", "E_INVALID RDY could not parse count -1"},
      {"+1", "E_INVALID RDY could not parse count +1"},
      {"0x1", "E_INVALID RDY could not parse count 0x1"},
      {"18446744073709551615", "E_INVALID RDY count -1 out of range 0-2500"},
  }));
  RawClient client = plain_nsqd().consumer(fresh("t"), "c");
  client.send("RDY 18446744073709551617\nRDY 0001\n");
  CHECK(client.ask("RDY " + count + "\n") == error(answer));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.1/18 FIN of a malformed id is fatal, of an unknown one is not", "[integration]") {
  RawClient client = plain_nsqd().consumer(fresh("t"), "c");
  CHECK(client.ask("FIN 0123456789abcdef\n") ==
        error("E_FIN_FAILED FIN 0123456789abcdef failed ID not in flight"));
  CHECK(client.marker() == ok());
  CHECK(client.ask("FIN abc\n") == error("E_INVALID invalid message ID"));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.1/19 FIN of an empty id", "[integration]") {
  RawClient client = plain_nsqd().consumer(fresh("t"), "c");
  CHECK(client.ask("FIN \n") == error("E_INVALID invalid message ID"));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.1/20 REQ and TOUCH of an unknown id keep the connection", "[integration]") {
  RawClient client = plain_nsqd().consumer(fresh("t"), "c");
  CHECK(client.ask("REQ 0123456789abcdef 0\n") ==
        error("E_REQ_FAILED REQ 0123456789abcdef failed ID not in flight"));
  CHECK(client.ask("TOUCH 0123456789abcdef\n") ==
        error("E_TOUCH_FAILED TOUCH 0123456789abcdef failed ID not in flight"));
  CHECK(client.marker() == ok());
}

TEST_CASE("10.1/21 REQ with a negative timeout is fatal", "[integration]") {
  RawClient client = plain_nsqd().consumer(fresh("t"), "c");
  CHECK(client.ask("REQ 0123456789abcdef -1\n") ==
        error("E_INVALID REQ could not parse timeout -1"));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.1/22 PUB sizes from 1 to max-msg-size", "[integration]") {
  const std::string topic = fresh("t");
  const std::string line = "PUB " + topic + "\n";
  CHECK(fatal_answer(plain_nsqd(), line + be32(0xffffffff)) ==
        error("E_BAD_MESSAGE PUB invalid message body size -1"));
  CHECK(fatal_answer(plain_nsqd(), line + be32(0)) ==
        error("E_BAD_MESSAGE PUB invalid message body size 0"));
  CHECK(fatal_answer(plain_nsqd(), line + be32(1048577)) ==
        error("E_BAD_MESSAGE PUB message too big 1048577 > 1048576"));
  CHECK(plain_nsqd().connect().ask(pub(topic, std::string(1048576, 'x'))) == ok());
  CHECK(plain_nsqd().stat(topic, "message_bytes") == 1048576);
}

TEST_CASE("10.1/23 publishing to a bad topic name", "[integration]") {
  CHECK(fatal_answer(plain_nsqd(), "PUB bad:name\n") ==
        error("E_BAD_TOPIC PUB topic name \"bad:name\" is not valid"));
  CHECK(fatal_answer(plain_nsqd(), "DPUB bad:name 0\n") ==
        error("E_BAD_TOPIC DPUB topic name \"bad:name\" is not valid"));
  CHECK(fatal_answer(plain_nsqd(), "MPUB bad:name\n") ==
        error("E_BAD_TOPIC E_BAD_TOPIC MPUB topic name \"bad:name\" is not valid"));
}

TEST_CASE("1 bad names are quoted, with odd bytes escaped", "[integration]") {
  const auto [name, quoted] = GENERATE(table<std::string, std::string>({
      {"a\"b", "\"a\\\"b\""},
      {"a\\b", "\"a\\\\b\""},
      {"a\tb\x01", "\"a\\tb\\x01\""},
      {"\xff", "\"\\xff\""},
      {"\xc3\xa9", "\"\xc3\xa9\""},
  }));
  CHECK(fatal_answer(plain_nsqd(), "SUB " + name + " c\n") ==
        error("E_BAD_TOPIC SUB topic name " + quoted + " is not valid"));
  CHECK(fatal_answer(plain_nsqd(), "SUB t " + name + "\n") ==
        error("E_BAD_CHANNEL SUB channel name " + quoted + " is not valid"));
}

TEST_CASE("10.1/24 a body cut off by a half-close", "[integration]") {
  const auto [sent, answer] = GENERATE(table<std::string, std::string>({
      {"PUB t\n" + be32(10) + "abc", "E_BAD_MESSAGE PUB failed to read message body"},
      {"PUB t\n" + be32(10).substr(2), "E_BAD_MESSAGE PUB failed to read message body size"},
      {"DPUB t 0\n" + be32(10) + "abc", "E_BAD_MESSAGE DPUB failed to read message body"},
      {"MPUB t\n", "E_BAD_BODY MPUB failed to read body size"},
      {"MPUB t\n" + be32(20), "E_BAD_BODY MPUB failed to read message count"},
      {"MPUB t\n" + be32(20) + be32(2), "E_BAD_MESSAGE MPUB failed to read message(0) body size"},
      {"MPUB t\n" + be32(20) + be32(2) + be32(5) + "ab",
       "E_BAD_MESSAGE MPUB failed to read message body"},
      {"IDENTIFY\n", "E_BAD_BODY IDENTIFY failed to read body size"},
      {"IDENTIFY\n" + be32(5) + "{", "E_BAD_BODY IDENTIFY failed to read body"},
  }));
  RawClient client = plain_nsqd().connect();
  client.send(sent);
  client.shutdown_write();
  CHECK(client.read() == error(answer));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.1/25 a publish before a half-close is still answered", "[integration]") {
  RawClient client = plain_nsqd().connect();
  client.send(pub(fresh("t"), "m"));
  client.shutdown_write();
  CHECK(client.read() == ok());
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.1/26 MPUB counts out of range", "[integration]") {
  const auto [count, shown] = GENERATE(
      table<std::uint32_t, std::string>({{0, "0"}, {1048576, "1048576"}, {0xffffffff, "-1"}}));
  CHECK(fatal_answer(plain_nsqd(), "MPUB " + fresh("t") + "\n" + be32(8) + be32(count)) ==
        error("E_BAD_BODY MPUB invalid message count " + shown));
}

TEST_CASE("10.1/27 MPUB bodies from 1 byte to max-body-size", "[integration]") {
  const std::string line = "MPUB " + fresh("t") + "\n";
  const std::string eleven = mpub_body(std::vector<std::string>(11, std::string(100, 'x')));
  CHECK(fatal_answer(tight_nsqd(), line + be32(static_cast<std::uint32_t>(eleven.size()))) ==
        error("E_BAD_BODY MPUB body too big 1148 > 1000"));
  CHECK(fatal_answer(tight_nsqd(), line + be32(0)) == error("E_BAD_BODY MPUB invalid body size 0"));
  CHECK(fatal_answer(tight_nsqd(), line + be32(0xffffffff)) ==
        error("E_BAD_BODY MPUB invalid body size -1"));
}

TEST_CASE("10.1/28 one bad message in an MPUB, and none is published", "[integration]") {
  const std::string topic = fresh("t");
  const std::string sent = mpub(topic, {"a", "b", "c", "d", "e", "", "g"});
  // Nothing behind the bad size is sent: bytes left unread could turn the close into a reset.
  CHECK(fatal_answer(plain_nsqd(), sent.substr(0, sent.size() - 5)) ==
        error("E_BAD_MESSAGE MPUB invalid message(5) body size 0"));
  CHECK(plain_nsqd().stat(topic, "message_count") == 0);
  CHECK(plain_nsqd().stat(topic, "depth") == 0);
}

TEST_CASE("10.1/29 an MPUB message over max-msg-size", "[integration]") {
  const std::string head = "MPUB " + fresh("t") + "\n" + be32(109) + be32(1) + be32(101);
  CHECK(fatal_answer(tight_nsqd(), head) == error("E_BAD_MESSAGE MPUB message too big 101 > 100"));
}

TEST_CASE("1.7 the surplus of an MPUB body is not taken for commands", "[integration]") {
  // Upstream parses these bytes as the next line; ours discards what the body declares.
  const std::string topic = fresh("t");
  std::string body = mpub_body({"a", "b"}) + "ASDF\n";
  RawClient client = plain_nsqd().connect();
  CHECK(client.ask("MPUB " + topic + "\n" + be32(static_cast<std::uint32_t>(body.size())) + body) ==
        ok());
  CHECK(client.marker() == ok());
  CHECK(plain_nsqd().stat(topic, "message_count") == 2);
}

TEST_CASE("10.1/30 DPUB delays from 0 to max-req-timeout", "[integration]") {
  const std::string topic = fresh("t");
  plain_nsqd().create(topic, "c");
  CHECK(plain_nsqd().connect().ask(dpub(topic, "3600000", "m")) == ok());
  CHECK(fatal_answer(plain_nsqd(), "DPUB " + topic + " 3600100\n") ==
        error("E_INVALID DPUB timeout 3600100 out of range 0-3600000"));
  CHECK(fatal_answer(plain_nsqd(), "DPUB " + topic + " -1\n") ==
        error("E_INVALID DPUB could not parse timeout -1"));
  CHECK(plain_nsqd().connect().ask(dpub(topic, "", "m")) == ok());
  CHECK(plain_nsqd().connect().ask(dpub(topic, "0", "m")) == ok());
  CHECK(plain_nsqd().await_stat(topic, "c", "depth", 2) == 2);
  CHECK(plain_nsqd().await_stat(topic, "c", "deferred_count", 1) == 1);
}

TEST_CASE("10.1/31 three PUBs in one segment get three answers", "[integration]") {
  const std::string topic = fresh("t");
  RawClient client = plain_nsqd().connect();
  client.send(pub(topic, "1") + pub(topic, "2") + pub(topic, "3"));
  for (int i = 0; i < 3; ++i) CHECK(client.read() == ok());
  CHECK(client.marker() == ok());
  CHECK(plain_nsqd().stat(topic, "message_count") == 3);
}

TEST_CASE("1.1 commands may follow the magic in the same segment", "[integration]") {
  RawClient client = without_magic(plain_nsqd());
  client.send("  V2" + pub(fresh("t"), "1") + "ASDF\n");
  CHECK(client.read() == ok());
  CHECK(client.read() == error("E_INVALID invalid command ASDF"));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("1.2 a consumer may send all its first commands at once", "[integration]") {
  const std::string topic = fresh("t");
  plain_nsqd().publish(topic, "m");
  RawClient client = without_magic(plain_nsqd());
  client.send("  V2" + identify("{}") + sub(topic, "c") + rdy(1));
  CHECK(client.read() == ok());
  CHECK(client.read() == ok());
  CHECK(client.read_message().body == "m");
}

TEST_CASE("1.2 a command may arrive byte by byte", "[integration]") {
  const std::string topic = fresh("t");
  RawClient client = without_magic(plain_nsqd());
  for (const char c : "  V2" + pub(topic, "body") + mpub(topic, {"a", "bc"})) client.send({&c, 1});
  CHECK(client.read() == ok());
  CHECK(client.read() == ok());
  CHECK(plain_nsqd().stat(topic, "message_bytes") == 7);
}

}  // namespace
}  // namespace nsq::test
