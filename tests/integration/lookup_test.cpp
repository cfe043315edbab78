// nsqd's side of discovery with real nsqlookupds: spec/nsqd.md 7 and 10.9.

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

using Names = Nsqlookupd::Names;

std::string tcp_of(const Nsqlookupd& lookupd) {
  return "127.0.0.1:" + std::to_string(lookupd.tcp_port());
}

std::string flag(const Nsqlookupd& lookupd) {
  return "--lookupd-tcp-address=" + tcp_of(lookupd);
}

std::vector<std::string> same_ports(const Nsqlookupd& lookupd) {
  return {"--tcp-address=" + tcp_of(lookupd),
          "--http-address=127.0.0.1:" + std::to_string(lookupd.http_port())};
}

// The registrations that some nsqd holds, as /debug names them.
Names registered(const Nsqlookupd& lookupd) {
  Names keys;
  const auto all = lookupd.get("/debug").json();
  for (const auto& [key, producers] : all.items()) {
    if (!producers.empty()) keys.push_back(key);
  }
  return keys;
}

void await_registered(const Nsqlookupd& lookupd, const Names& wanted) {
  CHECK(await_value(wanted, [&] { return registered(lookupd); }) == wanted);
}

void set_addresses(const Nsqd& nsqd, const nlohmann::json& addresses) {
  const auto answer = nsqd.request("PUT", "/config/nsqlookupd_tcp_addresses", addresses.dump());
  REQUIRE(answer.status == 200);
  CHECK(answer.json() == addresses);
}

TEST_CASE("7 what comes and goes is registered with every nsqlookupd", "[integration][lookup]") {
  const Nsqlookupd first;
  const Nsqlookupd second;
  const Nsqd nsqd(
      {flag(first), flag(second), "--broadcast-address=here", "--broadcast-tcp-port=1234"});
  for (const auto* lookupd : {&first, &second}) await_registered(*lookupd, {"client::"});
  nsqd.create("lone");
  nsqd.create("t", "c");
  RawClient consumer = nsqd.consumer("t", "e#ephemeral");
  for (const auto* lookupd : {&first, &second}) {
    await_registered(
        *lookupd, {"channel:t:c", "channel:t:e#ephemeral", "client::", "topic:lone:", "topic:t:"});
    const auto nodes = lookupd->nodes();
    REQUIRE(nodes.size() == 1);
    CHECK(nodes[0].at("broadcast_address") == "here");
    CHECK(nodes[0].at("tcp_port") == 1234);
    CHECK(nodes[0].at("http_port") == nsqd.http_port());
    CHECK(nodes[0].at("version") == "1.3.0");
  }
  consumer.close();
  REQUIRE(nsqd.post("/topic/delete?topic=lone").status == 200);
  for (const auto* lookupd : {&first, &second}) {
    await_registered(*lookupd, {"channel:t:c", "client::", "topic:t:"});
  }
  REQUIRE(nsqd.post("/channel/delete?topic=t&channel=c").status == 200);
  for (const auto* lookupd : {&first, &second}) {
    await_registered(*lookupd, {"client::", "topic:t:"});
  }
}

TEST_CASE("7 what nsqd has from before is registered at start", "[integration][lookup]") {
  const Nsqlookupd lookupd;
  Nsqd nsqd;
  nsqd.create("t", "c");
  REQUIRE(nsqd.process().stop() == exited(0));
  nsqd.start_again({flag(lookupd)});
  await_registered(lookupd, {"channel:t:c", "client::", "topic:t:"});
  REQUIRE(nsqd.process().stop() == exited(0));
  await_registered(lookupd, {});
}

TEST_CASE("10.9 122 an nsqlookupd that was killed knows everything again",
          "[integration][lookup]") {
  auto lookupd = std::make_unique<Nsqlookupd>();
  const auto args = same_ports(*lookupd);
  const Nsqd nsqd({flag(*lookupd)});
  nsqd.create("t", "c");
  await_registered(*lookupd, {"channel:t:c", "client::", "topic:t:"});
  REQUIRE(lookupd->process().stop(SIGKILL) == killed_by(SIGKILL));
  nsqd.create("meanwhile");
  REQUIRE(nsqd.post("/channel/delete?topic=t&channel=c").status == 200);
  lookupd = std::make_unique<Nsqlookupd>(args);
  await_registered(*lookupd, {"client::", "topic:meanwhile:", "topic:t:"});
}

TEST_CASE("7 an nsqlookupd that comes up late", "[integration][lookup]") {
  auto lookupd = std::make_unique<Nsqlookupd>();
  const auto args = same_ports(*lookupd);
  const std::string address = flag(*lookupd);
  lookupd.reset();
  const Nsqd nsqd({address});
  nsqd.create("t", "c");
  nsqd.publish("t", "not held up");
  CHECK(nsqd.await_stat("t", "c", "depth", 1) == 1);
  lookupd = std::make_unique<Nsqlookupd>(args);
  await_registered(*lookupd, {"channel:t:c", "client::", "topic:t:"});
}

TEST_CASE("10.9 119 the addresses are changed at run time", "[integration][lookup]") {
  const Nsqlookupd first;
  const Nsqlookupd second;
  const Nsqd nsqd;
  nsqd.create("t", "c");
  const Names all{"channel:t:c", "client::", "topic:t:"};

  set_addresses(nsqd, {tcp_of(first)});
  await_registered(first, all);
  const std::string node = first.nodes().at(0).at("remote_address");
  set_addresses(nsqd, {tcp_of(second), tcp_of(first)});
  await_registered(second, all);
  CHECK(first.nodes().at(0).at("remote_address") == node);  // it was left alone
  set_addresses(nsqd, {tcp_of(second)});
  await_registered(first, {});
  nsqd.create("u");
  await_registered(second, {"channel:t:c", "client::", "topic:t:", "topic:u:"});
  set_addresses(nsqd, nlohmann::json::array());
  await_registered(second, {});
  set_addresses(nsqd, {tcp_of(first), "no-port", tcp_of(first)});
  await_registered(first, {"channel:t:c", "client::", "topic:t:", "topic:u:"});
  CHECK(first.nodes().size() == 1);
}

TEST_CASE("7 more channels than go into one write", "[integration][lookup]") {
  constexpr int kChannels = 1000;
  const Nsqd nsqd;
  nsqd.create("t");
  SimpleHttp http = nsqd.http();
  for (int i = 0; i < kChannels; ++i) {
    const auto target = "/channel/create?topic=t&channel=c" + std::to_string(i);
    REQUIRE(http.request("POST", target).status == 200);
  }
  const Nsqlookupd lookupd;
  set_addresses(nsqd, {tcp_of(lookupd)});
  CHECK(await_value(std::size_t{kChannels}, [&] { return lookupd.channels("t").size(); }) ==
        kChannels);
  REQUIRE(nsqd.post("/topic/delete?topic=t").status == 200);
  await_registered(lookupd, {"client::"});
}

TEST_CASE("10.9 121 the conversation", "[integration][lookup]") {
  Acceptor listener;
  Nsqd nsqd({"--lookupd-tcp-address=127.0.0.1:" + std::to_string(listener.port()),
             "--broadcast-address=b", "--topology-zone=z", "--topology-region=r"});
  FakeLookupSession session(listener.accept());
  const auto hello = nlohmann::json::parse(session.read_hello());
  CHECK(hello.size() == 7);
  CHECK(hello.at("broadcast_address") == "b");
  CHECK(hello.at("tcp_port") == nsqd.tcp_port());
  CHECK(hello.at("http_port") == nsqd.http_port());
  CHECK(hello.at("topology_zone") == "z");
  CHECK(hello.at("topology_region") == "r");
  CHECK(hello.at("version") == "1.3.0");
  CHECK(hello.at("hostname").is_string());
  nsqd.create("before", "c");  // before the answer: told as what there is
  session.reply_info(1);
  CHECK(session.read_command() == "REGISTER before c");
  session.reply_ok();
  nsqd.create("t#ephemeral");
  CHECK(session.read_command() == "REGISTER t#ephemeral");
  session.reply_ok();
  REQUIRE(nsqd.post("/topic/delete?topic=before").status == 200);
  CHECK(session.read_command() == "UNREGISTER before c");
  session.reply_ok();
  CHECK(session.read_command() == "UNREGISTER before");
  session.reply_ok();
  const RawClient consumer = nsqd.consumer("t#ephemeral", "c#ephemeral");
  CHECK(session.read_command() == "REGISTER t#ephemeral c#ephemeral");
  session.reply_ok();
  nsqd.process().send_signal(SIGTERM);
  CHECK(session.at_end());  // no UNREGISTER, also not for what goes with its last consumer
  CHECK(nsqd.process().wait() == exited(0));
}

TEST_CASE("7 a ping every 15 s", "[.slow][integration][lookup]") {
  Acceptor listener;
  const Nsqd nsqd({"--lookupd-tcp-address=127.0.0.1:" + std::to_string(listener.port())});
  FakeLookupSession session(listener.accept());
  session.read_hello();
  session.reply_info(1);
  for (int i = 0; i < 2; ++i) {
    CHECK(session.read_command() == "PING");
    session.reply_ok();
  }
}

TEST_CASE("9.7 the lines that operators match on", "[integration][lookup]") {
  const Nsqlookupd lookupd;
  const std::string address = tcp_of(lookupd);
  Nsqd nsqd({flag(lookupd)});
  await_registered(lookupd, {"client::"});
  nsqd.create("t", "c");
  auto& process = nsqd.process();
  for (const std::string& line :
       {"INFO: LOOKUP(" + address + "): adding peer", "INFO: LOOKUP connecting to " + address,
        "INFO: LOOKUPD(" + address + "): topic REGISTER t",
        "INFO: CI: querying nsqlookupd http://127.0.0.1:" + std::to_string(lookupd.http_port()) +
            "/channels?topic=t",
        "INFO: LOOKUPD(" + address + "): channel REGISTER t c"}) {
    process.wait_for_line(line);
  }
  set_addresses(nsqd, nlohmann::json::array());
  process.wait_for_line("INFO: LOOKUP(" + address + "): removing peer");
  REQUIRE(process.stop() == exited(0));
  process.wait_for_line("INFO: LOOKUP: closing");
  CHECK(process.err().find("is ignored") == std::string::npos);
}

}  // namespace
}  // namespace nsq::test
