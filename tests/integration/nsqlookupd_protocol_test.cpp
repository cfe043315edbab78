// The cases of spec/nsqlookupd.md 7 about the peer protocol, by number.

#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/base/bytes.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/nsqlookupd.hpp"
#include "tests/support/raw_client.hpp"

namespace nsq::test {
namespace {

using Names = Nsqlookupd::Names;

TEST_CASE("7.1 magic byte by byte, IDENTIFY split across packets", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  LookupPeer peer = lookupd.connect();
  for (const char c : std::string("  V1")) peer.send({&c, 1});
  const std::string identify = lookup_identify(lookup_identity()).substr(4);
  peer.send(identify.substr(0, 5));
  CHECK(lookupd.get("/ping").body == "OK");  // a round trip: the pieces do not meet in the socket
  peer.send(identify.substr(5, 6));
  CHECK(lookupd.get("/ping").body == "OK");
  const auto reply = nlohmann::json::parse(peer.ask(identify.substr(11)));
  CHECK(reply.at("tcp_port") == lookupd.tcp_port());
  CHECK(reply.at("http_port") == lookupd.http_port());
  CHECK(reply.at("broadcast_address") == "127.0.0.1");
  CHECK(reply.at("version") == "1.3.0");
  CHECK(reply.at("hostname").is_string());
}

TEST_CASE("7.2 another magic", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  LookupPeer peer = lookupd.connect();
  CHECK(peer.ask("  V2PING\n") == "E_BAD_PROTOCOL");
  CHECK(peer.at_end());
}

TEST_CASE("7.3 connections without magic", "[integration][nsqlookupd]") {
  Nsqlookupd lookupd;
  lookupd.connect().close();
  lookupd.process().wait_for_line("failed to read protocol version - EOF");
  LookupPeer peer = lookupd.connect();
  peer.send("  ");
  peer.close();
  lookupd.process().wait_for_line("failed to read protocol version - unexpected EOF");
  CHECK(lookupd.get("/ping").body == "OK");
}

TEST_CASE("7.4-6 commands without IDENTIFY", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  for (const char* ping : {"PING\n", "PING\r\n", "  PING\n", "PING\t\t\n", "PING x y\n"}) {
    CAPTURE(ping);
    CHECK(lookupd.connect().ask(std::string("  V1") + ping) == "OK");
  }
  for (const auto& [line, error] : std::vector<std::pair<std::string, std::string>>{
           {"ping", "E_INVALID invalid command ping"},
           {"", "E_INVALID invalid command "},
           {"REGISTER", "E_INVALID client must IDENTIFY"},
           {"UNREGISTER t", "E_INVALID client must IDENTIFY"}}) {
    CAPTURE(line);
    LookupPeer peer = lookupd.connect();
    CHECK(peer.ask("  V1" + line + "\n") == error);
    CHECK(peer.at_end());
  }
  CHECK(lookupd.nodes().empty());
}

TEST_CASE("7.7 IDENTIFY with sizes that cannot be", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  LookupPeer other = lookupd.peer();
  const auto [size, error] = GENERATE(table<std::uint32_t, std::string>({
      {0, "E_BAD_BODY IDENTIFY failed to decode JSON body"},
      {0xffffffff, "E_BAD_BODY IDENTIFY failed to read body"},
      {0x80000000, "E_BAD_BODY IDENTIFY failed to read body"},
      {0x7fffffff, "E_BAD_BODY IDENTIFY failed to read body"},
  }));
  LookupPeer peer = lookupd.connect();
  CHECK(peer.ask("  V1IDENTIFY\n" + be32(size)) == error);
  CHECK(peer.at_end());
  CHECK(other.ask("PING\n") == "OK");
  CHECK(lookupd.nodes().size() == 1);
}

TEST_CASE("7.8 IDENTIFY with bodies that are refused", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  const auto refused = [&](const nlohmann::json& body) {
    LookupPeer peer = lookupd.connect();
    std::string reply = peer.ask(lookup_identify(body.dump()));
    CHECK(peer.at_end());
    return reply;
  };
  const auto usual = nlohmann::json::parse(lookup_identity());
  for (const char* member : {"broadcast_address", "tcp_port", "http_port", "version"}) {
    CAPTURE(member);
    auto body = usual;
    body.erase(member);
    CHECK(refused(body) == "E_BAD_BODY IDENTIFY missing fields");
  }
  for (const char* port : {"tcp_port", "http_port"}) {
    CAPTURE(port);
    auto body = usual;
    body[port] = 0;
    CHECK(refused(body) == "E_BAD_BODY IDENTIFY missing fields");
    body[port] = "4150";
    CHECK(refused(body) == "E_BAD_BODY IDENTIFY failed to decode JSON body");
    body[port] = 1.5;
    CHECK(refused(body) == "E_BAD_BODY IDENTIFY failed to decode JSON body");
  }
  CHECK(refused(nullptr) == "E_BAD_BODY IDENTIFY missing fields");
  CHECK(refused(nlohmann::json::object()) == "E_BAD_BODY IDENTIFY missing fields");
  CHECK(refused(nlohmann::json::array()) == "E_BAD_BODY IDENTIFY failed to decode JSON body");
  CHECK(lookupd.connect().ask(lookup_identify(lookup_identity() + " x")) ==
        "E_BAD_BODY IDENTIFY failed to decode JSON body");
  CHECK(lookupd.nodes().empty());
}

TEST_CASE("3.3 IDENTIFY cut short by a half-close", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  const std::string whole = lookup_identify(lookup_identity());
  const std::size_t line = std::string("  V1IDENTIFY\n").size();
  for (const auto& [bytes, error] : std::vector<std::pair<std::size_t, std::string>>{
           {line + 2, "E_BAD_BODY IDENTIFY failed to read body size"},
           {whole.size() - 1, "E_BAD_BODY IDENTIFY failed to read body"}}) {
    LookupPeer peer = lookupd.connect();
    peer.send(whole.substr(0, bytes));
    peer.shutdown_write();
    CHECK(peer.read() == error);
    CHECK(peer.at_end());
  }
}

TEST_CASE("7.9 unknown members, and a forged remote address", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  auto body = nlohmann::json::parse(lookup_identity());
  body["remote_address"] = "1.2.3.4:5";
  body["more"] = {1, 2, {{"tcp_port", "x"}}};
  LookupPeer peer = lookupd.connect();
  CHECK(peer.ask(lookup_identify(body.dump())).starts_with("{"));
  CHECK(lookupd.nodes().at(0).at("remote_address").get<std::string>().starts_with("127.0.0.1:"));
}

TEST_CASE("7.10 IDENTIFY twice", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  LookupPeer peer = lookupd.peer("host", {"t"});
  CHECK(peer.ask(lookup_identify(lookup_identity()).substr(4)) ==
        "E_INVALID cannot IDENTIFY again");
  CHECK(lookupd.nodes().empty());
  CHECK(peer.at_end());
}

TEST_CASE("7.11 everything in one write", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  std::string bytes = lookup_identify(lookup_identity());
  bytes.replace(4, 9, "IDENTIFY foo bar\r\n");
  LookupPeer peer = lookupd.connect();
  CHECK(peer.ask(bytes + "REGISTER t c\nPING\n").starts_with("{"));
  CHECK(peer.read() == "OK");
  CHECK(peer.read() == "OK");
  CHECK(lookupd.channels("t") == Names{"c"});
}

TEST_CASE("7.12 commands without a topic", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  for (const std::string command : {"REGISTER", "UNREGISTER"}) {
    CAPTURE(command);
    LookupPeer stranger = lookupd.connect();  // that it is one comes first
    CHECK(stranger.ask("  V1" + command + "\n") == "E_INVALID client must IDENTIFY");
    LookupPeer peer = lookupd.peer();
    CHECK(peer.ask(command + "\n") == "E_INVALID " + command + " insufficient number of params");
    CHECK(peer.at_end());
  }
}

TEST_CASE("7.13-14 names", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  const std::string t64(64, 't');
  const std::string e64 = std::string(54, 'e') + "#ephemeral";
  LookupPeer peer = lookupd.peer();
  CHECK(peer.ask("REGISTER " + t64 + " " + e64 + "\n") == "OK");
  CHECK(peer.ask("REGISTER " + e64 + "\n") == "OK");
  CHECK(peer.ask("REGISTER two  c\n") == "OK");
  CHECK(lookupd.topics() == Names{e64, t64, "two"});
  CHECK(lookupd.channels("two").empty());
  for (const std::string& bad : {std::string(), t64 + "t", "e" + e64, std::string("#ephemeral"),
                                 std::string("a#b"), std::string("\xc3\xa9"), std::string("*")}) {
    CAPTURE(bad);
    LookupPeer refused = lookupd.peer();
    CHECK(refused.ask("REGISTER " + bad + " c\n") ==
          "E_BAD_TOPIC REGISTER topic name '" + bad + "' is not valid");
    CHECK(refused.at_end());
  }
  LookupPeer refused = lookupd.peer();
  CHECK(refused.ask("UNREGISTER t a#b\n") ==
        "E_BAD_CHANNEL UNREGISTER channel name 'a#b' is not valid");
}

TEST_CASE("3.2 a line without end is refused, and costs no other peer anything",
          "[integration][nsqlookupd]") {
  // Upstream reads on until its memory is full.
  const Nsqlookupd lookupd;
  LookupPeer other = lookupd.peer();
  LookupPeer peer = lookupd.connect();
  peer.send("  V1" + std::string((64 << 10) + 1, 'x'));
  CHECK(peer.read() == "E_INVALID command line too long");
  CHECK(peer.at_end());
  CHECK(other.ask("PING\n") == "OK");
}

TEST_CASE("3.5 IDENTIFY is answered at once while others are in the middle of theirs",
          "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  std::vector<LookupPeer> half;
  for (int i = 0; i < 100; ++i) {
    half.push_back(lookupd.connect());
    half.back().send("  V1IDENTIFY\n" + be32(1 << 20) + "{");
  }
  CHECK(lookupd.connect().identify().starts_with("{"));
}

}  // namespace
}  // namespace nsq::test
