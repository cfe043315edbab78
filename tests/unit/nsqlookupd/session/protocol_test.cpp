#include "nsqlookupd/session/protocol.hpp"

#include "tests/unit/nsqlookupd/session/protocol_fixture.hpp"

using namespace nsqlookupd;
using Replies = ProtocolFixture::Replies;

TEST_CASE_METHOD(ProtocolFixture, "the magic is answered only if it is wrong", "[session]") {
  CHECK(send("  V").empty());
  CHECK_FALSE(protocol->has_magic());
  SECTION("right") {
    CHECK(send("1").empty());
    CHECK(protocol->has_magic());
    CHECK_FALSE(protocol->ended());
    CHECK(sink->has("CLIENT(10.0.0.1:5): desired protocol magic '  V1'"));
  }
  SECTION("wrong") {
    CHECK(send("2PING\n") == Replies{"E_BAD_PROTOCOL"});
    CHECK(protocol->ended());
    CHECK(sink->has("client(10.0.0.1:5) bad protocol magic '  V2'"));
  }
}

TEST_CASE_METHOD(ProtocolFixture, "a conversation cut anywhere is the same", "[session]") {
  const std::string all = "  V1PING\n" + identify() + "REGISTER t c\r\n \tPING\t \nUNREGISTER t\n";
  const auto cut = GENERATE_COPY(range(std::size_t{0}, all.size()));
  Replies replies = send(std::string_view(all).substr(0, cut));
  for (auto& reply : send(std::string_view(all).substr(cut))) replies.push_back(reply);
  CHECK(replies == Replies{"OK", "IDENTITY", "OK", "OK", "OK"});
  CHECK(unread.empty());
  CHECK(channels("t") == Names{"c"});
}

TEST_CASE_METHOD(ProtocolFixture, "byte by byte", "[session]") {
  Replies replies;
  for (const char c : "  V1" + identify() + "REGISTER t\n") {
    for (auto& reply : send({&c, 1})) replies.push_back(reply);
  }
  CHECK(replies == Replies{"IDENTITY", "OK"});
  CHECK(producers("t") == Names{"10.0.0.1:5"});
}

TEST_CASE_METHOD(ProtocolFixture, "PING before IDENTIFY makes no node", "[session]") {
  CHECK(send("  V1PING\nPING more words\n") == Replies{"OK", "OK"});
  CHECK(nodes().empty());
}

TEST_CASE_METHOD(ProtocolFixture, "PING refreshes", "[session]") {
  begin();
  pass(nsq::Seconds(61));
  CHECK(nodes().empty());
  CHECK(send("PING\n") == Replies{"OK"});
  CHECK(nodes().size() == 1);
  CHECK(sink->has("CLIENT(10.0.0.1:5): pinged (last ping 1m1s)"));
}

TEST_CASE_METHOD(ProtocolFixture, "errors are the last reply", "[session]") {
  const auto [line, error] = GENERATE(table<std::string, std::string>({
      {"ping", "E_INVALID invalid command ping"},
      {"", "E_INVALID invalid command "},
      {" \t\r", "E_INVALID invalid command "},
      {"FOO bar", "E_INVALID invalid command FOO"},
      {"IDENTIFY", "E_INVALID cannot IDENTIFY again"},
      {"REGISTER", "E_INVALID REGISTER insufficient number of params"},
      {"UNREGISTER ", "E_INVALID UNREGISTER insufficient number of params"},
      {"REGISTER  t c", "E_BAD_TOPIC REGISTER topic name '' is not valid"},
      {"UNREGISTER a#b", "E_BAD_TOPIC UNREGISTER topic name 'a#b' is not valid"},
      {"REGISTER t #ephemeral", "E_BAD_CHANNEL REGISTER channel name '#ephemeral' is not valid"},
      {"REGISTER * c", "E_BAD_TOPIC REGISTER topic name '*' is not valid"},
      {"UNREGISTER t \xc3\xa9", "E_BAD_CHANNEL UNREGISTER channel name '\xc3\xa9' is not valid"},
      {"REGISTER " + std::string(65, 't'),
       "E_BAD_TOPIC REGISTER topic name '" + std::string(65, 't') + "' is not valid"},
      {"REGISTER " + std::string(55, 't') + "#ephemeral",
       "E_BAD_TOPIC REGISTER topic name '" + std::string(55, 't') + "#ephemeral' is not valid"},
  }));
  CAPTURE(line);
  begin();
  CHECK(send(line + "\nPING\n") == Replies{error});
  CHECK(protocol->ended());
  CHECK(protocol->failure() == error);
  CHECK(sink->has("[10.0.0.1:5] - " + error));
  protocol->leave();
  CHECK(nodes().empty());
}

TEST_CASE_METHOD(ProtocolFixture, "the longest names", "[session]") {
  begin();
  const std::string plain(64, 't');
  const std::string ephemeral = std::string(54, 'e') + "#ephemeral";
  CHECK(send("REGISTER " + plain + " " + ephemeral + "\n") == Replies{"OK"});
  CHECK(send("REGISTER " + ephemeral + " " + plain + "\n") == Replies{"OK"});
  CHECK(channels(plain) == Names{ephemeral});
}

TEST_CASE_METHOD(ProtocolFixture, "an empty channel is none", "[session]") {
  begin();
  CHECK(send("REGISTER t  c\n") == Replies{"OK"});
  CHECK(topics() == Names{"t"});
  CHECK(channels("t").empty());
}

TEST_CASE_METHOD(ProtocolFixture, "first comes IDENTIFY, whatever else is wrong", "[session]") {
  const std::string command = GENERATE("REGISTER", "UNREGISTER");
  CHECK(send("  V1" + command + "\n") == Replies{"E_INVALID client must IDENTIFY"});
}

TEST_CASE_METHOD(ProtocolFixture, "IDENTIFY ignores words behind it", "[session]") {
  std::string text = identify();
  text.replace(0, 9, "IDENTIFY foo bar\r\n");
  CHECK(send("  V1" + text + "REGISTER t\nPING\n") == Replies{"IDENTITY", "OK", "OK"});
  CHECK(sink->has("CLIENT(10.0.0.1:5): IDENTIFY Address:b TCP:4150 HTTP:4151 Version:1.3.0"));
}

TEST_CASE_METHOD(ProtocolFixture, "sizes of an IDENTIFY body that cannot be", "[session]") {
  const std::uint32_t size = GENERATE(0xffffffffU, 0x80000000U, 0x7fffffffU,
                                      static_cast<std::uint32_t>(kMaxBodyBytes + 1));
  CHECK(send("  V1IDENTIFY\n" + nsq::test::be32(size)) ==
        Replies{"E_BAD_BODY IDENTIFY failed to read body"});
  CHECK(protocol->ended());
}

TEST_CASE_METHOD(ProtocolFixture, "bodies of IDENTIFY that are refused", "[session]") {
  const std::string body = GENERATE("", "[]", "1", "{} x", R"({"tcp_port":"4150"})",
                                    R"({"tcp_port":1.5})", R"({"version":1})");
  CAPTURE(body);
  CHECK(send("  V1" + identify(body)) == Replies{"E_BAD_BODY IDENTIFY failed to decode JSON body"});
  CHECK(protocol->ended());
  CHECK(nodes().empty());
}

TEST_CASE_METHOD(ProtocolFixture, "IDENTIFY without what it must say", "[session]") {
  const std::string body =
      GENERATE("{}", "null", R"({"broadcast_address":"b","tcp_port":1,"http_port":1})",
               R"({"broadcast_address":"b","tcp_port":1,"version":"v"})",
               R"({"broadcast_address":"b","tcp_port":0,"http_port":1,"version":"v"})",
               R"({"broadcast_address":"","tcp_port":1,"http_port":1,"version":"v"})");
  CAPTURE(body);
  CHECK(send("  V1" + identify(body)) == Replies{"E_BAD_BODY IDENTIFY missing fields"});
}

TEST_CASE_METHOD(ProtocolFixture, "a largest body is taken", "[session]") {
  std::string body(kIdentity);
  body.resize(kMaxBodyBytes, ' ');
  CHECK(send("  V1" + identify(body)) == Replies{"IDENTITY"});
}

TEST_CASE_METHOD(ProtocolFixture, "a line that does not end is refused", "[session]") {
  begin();
  CHECK(send(std::string(kMaxLineBytes, 'x')).empty());
  CHECK(send("x") == Replies{"E_INVALID command line too long"});
  CHECK(protocol->ended());
}

TEST_CASE_METHOD(ProtocolFixture, "what the end of the input means", "[session]") {
  SECTION("without magic") {
    CHECK(end().empty());
    CHECK(sink->has("failed to read protocol version - EOF"));
  }
  SECTION("within the magic") {
    CHECK(send("  ").empty());
    CHECK(end().empty());
    CHECK(sink->has("failed to read protocol version - unexpected EOF"));
  }
  SECTION("a line without its end is not executed") {
    begin();
    CHECK(send("REGISTER t").empty());
    CHECK(end().empty());
    CHECK(topics().empty());
  }
  SECTION("within the size of a body") {
    CHECK(send("  V1IDENTIFY\n\0").empty());
    CHECK(end() == Replies{"E_BAD_BODY IDENTIFY failed to read body size"});
  }
  SECTION("within a body") {
    const std::string text = identify();
    CHECK(send("  V1" + text.substr(0, text.size() - 1)).empty());
    CHECK(end() == Replies{"E_BAD_BODY IDENTIFY failed to read body"});
  }
  CHECK(protocol->ended());
}

TEST_CASE_METHOD(ProtocolFixture, "with its protocol a peer leaves", "[session]") {
  begin();
  CHECK(nodes().size() == 1);
  protocol.reset();
  CHECK(nodes().empty());
}

TEST_CASE_METHOD(ProtocolFixture, "what a peer sends cannot pass for a log line", "[session]") {
  const std::string body =
      R"({"broadcast_address":"b\nFATAL: x","tcp_port":1,"http_port":1,"version":"v"})";
  REQUIRE(send("  V1" + identify(body)) == Replies{"IDENTITY"});
  for (const auto& line : sink->lines()) CHECK_FALSE(line.contains('\n'));
}
