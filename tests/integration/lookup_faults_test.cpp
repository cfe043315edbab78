// nsqlookupds that are not as they should be: nsqd goes on, and so do the others.

#include <memory>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/eventually.hpp"
#include "tests/support/fake_nsqlookupd.hpp"
#include "tests/support/nsqd.hpp"
#include "tests/support/nsqlookupd.hpp"
#include "tests/support/raw_client.hpp"

namespace nsq::test {
namespace {

std::string flag(std::uint16_t port) {
  return "--lookupd-tcp-address=127.0.0.1:" + std::to_string(port);
}

TEST_CASE("7 one that accepts and never answers holds nobody up", "[integration][lookup]") {
  const Acceptor hanging;  // the system accepts
  const Nsqlookupd good;
  Nsqd nsqd({flag(hanging.port()), flag(good.tcp_port())});
  CHECK(eventually([&] { return good.nodes().size() == 1; }));
  RawClient publisher = nsqd.connect();
  RawClient consumer = nsqd.consumer("t", "c");
  consumer.send(rdy(10));
  for (int i = 0; i < 10; ++i) {
    CHECK(publisher.ask(pub("t", "m" + std::to_string(i))) == ok());
    CHECK(consumer.read_message().body == "m" + std::to_string(i));
  }
  CHECK(eventually([&] { return good.channels("t") == Nsqlookupd::Names{"c"}; }));
  nsqd.process().wait_for_line("IDENTIFY - i/o timeout");
  CHECK(nsqd.process().stop() == exited(0));
}

TEST_CASE("7 one that hangs after IDENTIFY is left and told everything anew",
          "[integration][lookup]") {
  Acceptor listener;
  Nsqd nsqd({flag(listener.port()), "--http-client-connect-timeout=100ms",
             "--http-client-request-timeout=100ms"});
  {
    FakeLookupSession session(listener.accept());
    session.read_hello();
    session.reply_info(1);
    nsqd.create("t");
    CHECK(session.read_command() == "REGISTER t");
    nsqd.create("t", "c");
    nsqd.process().wait_for_line("REGISTER t - i/o timeout");
    CHECK(session.at_end());
  }
  FakeLookupSession session(listener.accept());
  session.read_hello();
  session.reply_info(1);
  CHECK(session.read_command() == "REGISTER t c");
  session.reply_ok();
  CHECK(nsqd.process().stop() == exited(0));
}

TEST_CASE("7 nonsense ends the connection, and another is made", "[integration][lookup]") {
  const auto answer =
      GENERATE(as<std::string>(), "HTTP/1.1 400 Bad Request\r\n\r\n",  // a size of 1213486160
               be32(0xffffffff), be32(0x80000000), be32(1001), be32(9) + "E_INVALID",
               be32(2) + "OK", be32(2) + "[]", be32(20) + R"({"http_port":"text"})", be32(0));
  CAPTURE(answer);
  Acceptor listener;
  const Nsqlookupd good;
  Nsqd nsqd({flag(listener.port()), flag(good.tcp_port()), "--max-body-size=1000"});
  for (int i = 0; i < 2; ++i) {
    FakeLookupSession session(listener.accept());
    session.read_hello();
    session.send(answer);
    CHECK(session.at_end());
  }
  nsqd.create("t", "c");
  CHECK(eventually([&] { return good.channels("t") == Nsqlookupd::Names{"c"}; }));
  CHECK(nsqd.process().stop() == exited(0));
}

TEST_CASE("7 an oversized reply to a later command", "[integration][lookup]") {
  Acceptor listener;
  const Nsqd nsqd({flag(listener.port())});
  nsqd.create("t");
  FakeLookupSession session(listener.accept());
  session.read_hello();
  session.reply_info(1);
  CHECK(session.read_command() == "REGISTER t");
  session.send(be32(5242881));
  CHECK(session.at_end());
  FakeLookupSession again(listener.accept());
  CHECK_FALSE(again.read_hello().empty());
}

TEST_CASE("7 one that speaks unasked, or hangs up, is left", "[integration][lookup]") {
  Acceptor listener;
  const Nsqd nsqd({flag(listener.port())});
  FakeLookupSession talkative(listener.accept());
  talkative.read_hello();
  talkative.reply_info(1);
  talkative.reply_ok();
  CHECK(talkative.at_end());
  FakeLookupSession leaving(listener.accept());
  leaving.read_hello();
  leaving.reply_info(1);
  leaving.close();
  FakeLookupSession again(listener.accept());
  CHECK_FALSE(again.read_hello().empty());
}

TEST_CASE("7 one without a broadcast address is told, but not asked", "[integration][lookup]") {
  Acceptor listener;
  Nsqd nsqd({flag(listener.port())});
  FakeLookupSession session(listener.accept());
  session.read_hello();
  session.reply(R"({"tcp_port":1,"http_port":2,"version":"1"})");
  nsqd.process().wait_for_line("no broadcast address");
  nsqd.create("t", "c");
  nsqd.process().wait_for_line("no available nsqlookupd to query for channels");
  CHECK(session.read_command() == "REGISTER t");
}

TEST_CASE("7 an error in reply to a command is logged, and the rest goes on",
          "[integration][lookup]") {
  Acceptor listener;
  Nsqd nsqd({flag(listener.port())});
  nsqd.create("t", "c");
  FakeLookupSession session(listener.accept());
  session.read_hello();
  session.reply_info(1);
  CHECK(session.read_command() == "REGISTER t c");
  session.reply("E_BAD_TOPIC no\nsuch");
  nsqd.process().wait_for_line("REGISTER t c - E_BAD_TOPIC no\\x0asuch");
  REQUIRE(nsqd.post("/channel/delete?topic=t&channel=c").status == 200);
  CHECK(session.read_command() == "UNREGISTER t c");
}

}  // namespace
}  // namespace nsq::test
