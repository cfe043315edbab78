// The channels that nsqlookupds know of a new topic: spec/nsqd.md 5.2.

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

// A fake nsqlookupd whose HTTP API the test answers for.
struct Fake {
  std::string flag() const { return test::flag(tcp.port()); }

  // Lets nsqd identify itself, and learn where the HTTP API is.
  FakeLookupSession meet(Nsqd& nsqd) {
    FakeLookupSession session(tcp.accept());
    session.read_hello();
    session.reply_info(http.port());
    nsqd.process().wait_for_line("LOOKUPD(127.0.0.1:" + std::to_string(tcp.port()) +
                                 "): peer info");
    return session;
  }
  FakeHttpSession asked() { return FakeHttpSession(http.accept()); }

  Acceptor tcp;
  Acceptor http;
};

void know(const Nsqlookupd& lookupd, const std::string& topic, const std::string& channel) {
  const auto target = "/channel/create?topic=" + topic + "&channel=" + url_name(channel);
  REQUIRE(lookupd.post(target).status == 200);
}

TEST_CASE("10.9 123 the channels of all of them get the first message", "[integration][lookup]") {
  const Nsqlookupd first;
  const Nsqlookupd second;
  know(first, "t", "c1");
  know(first, "t", "c2#ephemeral");
  know(second, "t", "c1");
  know(second, "t", "c3");
  Nsqd nsqd({flag(first.tcp_port()), flag(second.tcp_port())});
  for (const auto* lookupd : {&first, &second}) {  // nsqd knows where their HTTP APIs are
    nsqd.process().wait_for_line("LOOKUPD(127.0.0.1:" + std::to_string(lookupd->tcp_port()) +
                                 "): peer info");
  }
  nsqd.publish("t", "first");
  CHECK(nsqd.await_stat("t", "c1", "depth", 1) == 1);
  CHECK(nsqd.await_stat("t", "c3", "depth", 1) == 1);
  CHECK(nsqd.stat("t", "c2#ephemeral", "depth") == -1);
  CHECK(nsqd.stat("t", "depth") == 0);
  // They are registered in their turn.
  CHECK(eventually([&] { return first.channels("t").size() == 3; }));
}

TEST_CASE("5.2 nobody waits for the answer but the messages", "[integration][lookup]") {
  Fake fake;
  Nsqd nsqd({fake.flag()});
  FakeLookupSession session = fake.meet(nsqd);
  RawClient client = nsqd.connect();
  REQUIRE(client.ask(pub("t#ephemeral", "first")) == ok());
  RawClient consumer = nsqd.consumer("t#ephemeral", "mine");
  consumer.send(rdy(1));
  FakeHttpSession asked = fake.asked();
  const std::string head = asked.read_request();
  CHECK(head.starts_with("GET /channels?topic=t%23ephemeral HTTP/1.1\r\n"));
  CHECK(head.find("Accept: application/vnd.nsq; version=1.0\r\n") != std::string::npos);
  CHECK(nsqd.stat("t#ephemeral", "depth") == 1);
  CHECK(nsqd.stat("t#ephemeral", "paused") == 0);
  CHECK(nsqd.stat("t#ephemeral", "mine", "depth") == 0);

  asked.reply(200, R"({"channels":["theirs","gone#ephemeral","bad name",""]})");
  CHECK(consumer.read_message().body == "first");
  CHECK(nsqd.await_stat("t#ephemeral", "theirs", "depth", 1) == 1);
  CHECK(nsqd.stats().at("topics").at(0).at("channels").size() == 2);
}

TEST_CASE("5.2 one that does not answer delays the messages, within the bound",
          "[integration][lookup]") {
  Fake hanging;
  const Nsqlookupd good;
  know(good, "t", "c");
  Nsqd nsqd({hanging.flag(), flag(good.tcp_port()), "--http-client-request-timeout=300ms"});
  FakeLookupSession session = hanging.meet(nsqd);
  CHECK(eventually([&] { return good.nodes().size() == 1; }));
  nsqd.publish("t", "first");
  CHECK(nsqd.await_stat("t", "c", "depth", 1) == 1);
  nsqd.process().wait_for_line(
      "WARNING: failed to query nsqlookupd for channels to pre-create for "
      "topic t - ");
}

TEST_CASE("5.2 answers that are none", "[integration][lookup]") {
  Fake fake;
  Nsqd nsqd({fake.flag(), "--max-body-size=1000", "--max-msg-size=1000"});
  FakeLookupSession session = fake.meet(nsqd);
  const std::vector<std::pair<int, std::string>> answers{
      {200, "nonsense"},
      {200, R"({"channels":null})"},
      {200, R"({"channels":[{}]})"},
      {500, R"({"channels":["c"]})"},
      {403, R"({"message":"TLS_REQUIRED","https_port":1})"},
      {200, R"({"channels":[")" + std::string(2000, 'x') + R"("]})"},
  };
  for (const auto& [status, body] : answers) {
    CAPTURE(status, body);
    const std::string topic = fresh("t");
    nsqd.publish(topic, "first");
    FakeHttpSession asked = fake.asked();
    asked.read_request();
    asked.reply(status, body);
    nsqd.process().wait_for_line(
        "WARNING: failed to query nsqlookupd for channels to pre-create "
        "for topic " +
        topic + " - ");
    nsqd.create(topic, "mine");
    CHECK(nsqd.await_stat(topic, "mine", "depth", 1) == 1);
  }
}

TEST_CASE("5.2 many new topics while none is answered", "[integration][lookup]") {
  constexpr int kTopics = 100;
  Fake hanging;
  Nsqd nsqd({hanging.flag(), "--http-client-connect-timeout=500ms",
             "--http-client-request-timeout=500ms"});
  FakeLookupSession session = hanging.meet(nsqd);
  RawClient client = nsqd.connect();
  for (int i = 0; i < kTopics; ++i) {
    const std::string topic = "t" + std::to_string(i);
    REQUIRE(client.ask(pub(topic, "first")) == ok());
    nsqd.create(topic, "c");
  }
  for (int i = 0; i < kTopics; ++i) {
    CHECK(nsqd.await_stat("t" + std::to_string(i), "c", "depth", 1) == 1);
  }
}

TEST_CASE("5.2 stopping while a topic waits for its channels loses nothing",
          "[integration][lookup]") {
  Fake fake;
  Nsqd nsqd({fake.flag()});
  {
    FakeLookupSession session = fake.meet(nsqd);
    nsqd.publish("t", "first");
    nsqd.create("t", "mine");
    FakeHttpSession asked = fake.asked();
    const int signal = GENERATE(SIGTERM, SIGKILL);
    REQUIRE(nsqd.process().stop(signal) == (signal == SIGTERM ? exited(0) : killed_by(signal)));
  }
  nsqd.start_again();
  CHECK(nsqd.await_stat("t", "mine", "depth", 1) == 1);
}

TEST_CASE("5.2 the addresses are taken away while a topic waits", "[integration][lookup]") {
  Fake fake;
  Nsqd nsqd({fake.flag()});
  FakeLookupSession session = fake.meet(nsqd);
  nsqd.publish("t", "first");
  nsqd.create("t", "mine");
  for (const auto* told : {"REGISTER t", "REGISTER t mine"}) {
    CHECK(session.read_command() == told);
    session.reply_ok();
  }
  FakeHttpSession asked = fake.asked();
  REQUIRE(nsqd.request("PUT", "/config/nsqlookupd_tcp_addresses", "[]").status == 200);
  CHECK(session.at_end());
  asked.read_request();
  asked.reply(200, R"({"channels":["theirs"]})");
  CHECK(nsqd.await_stat("t", "mine", "depth", 1) == 1);
  CHECK(nsqd.await_stat("t", "theirs", "depth", 1) == 1);
  // From now on nobody is asked.
  nsqd.create("u", "c");
  nsqd.publish("u", "first");
  CHECK(nsqd.await_stat("u", "c", "depth", 1) == 1);
}

}  // namespace
}  // namespace nsq::test
