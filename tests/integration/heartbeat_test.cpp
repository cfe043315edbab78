#include <chrono>
#include <string>

#include <catch2/catch.hpp>

#include "tests/integration/daemons.hpp"

namespace nsq::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr std::string_view kEverySecond = R"({"heartbeat_interval":1000})";
constexpr std::string_view kNoHeartbeats = R"({"heartbeat_interval":-1})";

// Reads heartbeats until something else comes, and returns that.
Frame after_heartbeats(RawClient& client) {
  for (;;) {
    const Frame frame = client.read();
    if (frame != heartbeat()) return frame;
  }
}

TEST_CASE("10.2/32 a silent client gets heartbeats and is closed", "[integration]") {
  RawClient client = plain_nsqd().connect();
  const auto start = Clock::now();
  REQUIRE(client.ask(identify(kEverySecond)) == ok());
  CHECK(client.read() == heartbeat());
  CHECK(Clock::now() - start >= seconds(1));
  const std::string rest = client.read_to_end();
  CHECK(Clock::now() - start >= seconds(2));
  const std::string beat = be32(15) + be32(0) + "_heartbeat_";
  CHECK((rest.empty() || rest == beat));
}

TEST_CASE("10.2/33 a client that answers heartbeats stays", "[integration]") {
  RawClient client = plain_nsqd().connect();
  REQUIRE(client.ask(identify(kEverySecond)) == ok());
  for (int i = 0; i < 4; ++i) {
    REQUIRE(client.read() == heartbeat());
    client.send("NOP\n");
  }
  client.send(pub(fresh("t"), "m"));
  CHECK(after_heartbeats(client) == ok());
}

TEST_CASE("10.2/34 a stall within a body ends with its error", "[integration]") {
  RawClient client = plain_nsqd().connect();
  const auto start = Clock::now();
  REQUIRE(client.ask(identify(kEverySecond)) == ok());
  client.send("PUB t\n" + be32(10) + "abc");
  CHECK(after_heartbeats(client) == error("E_BAD_MESSAGE PUB failed to read message body"));
  CHECK(Clock::now() - start >= seconds(2));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.2/35 without heartbeats a client may publish but not subscribe", "[integration]") {
  RawClient quiet = plain_nsqd().connect();
  REQUIRE(quiet.ask(identify(kNoHeartbeats)) == ok());
  RawClient clock = plain_nsqd().connect();
  REQUIRE(clock.ask(identify(kEverySecond)) == ok());
  clock.read_to_end();  // closed for silence, which the other must outlive
  CHECK(quiet.marker() == ok());
  CHECK(quiet.subscribe(fresh("t"), "c") == error("E_INVALID cannot SUB with heartbeats disabled"));
  CHECK(quiet.read_to_end() == "");
}

TEST_CASE("10.2/36 a producer gets heartbeats too", "[integration]") {
  RawClient client = plain_nsqd().connect();
  REQUIRE(client.ask(identify(kEverySecond)) == ok());
  REQUIRE(client.marker() == ok());
  CHECK(client.read() == heartbeat());
}

TEST_CASE("10.2/36 a client that never sent a command gets heartbeats", "[.slow][integration]") {
  const Nsqd nsqd;
  RawClient quiet = nsqd.connect();
  REQUIRE(quiet.ask(identify(kNoHeartbeats)) == ok());
  const auto start = Clock::now();
  RawClient client = nsqd.connect();
  REQUIRE(client.readable(seconds(60)));
  CHECK(client.read() == heartbeat());
  CHECK(Clock::now() - start >= seconds(30));
  CHECK(quiet.marker() == ok());
}

TEST_CASE("10.2/37 heartbeat intervals out of range", "[integration]") {
  const std::string interval = GENERATE("999", "60001", "-2", "1");
  RawClient client = plain_nsqd().connect();
  CHECK(client.ask(identify("{\"heartbeat_interval\":" + interval + "}")) ==
        error("E_BAD_BODY IDENTIFY heartbeat interval (" + interval + ") is invalid"));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.2/37 max-heartbeat-interval moves the limit", "[integration]") {
  RawClient client = tight_nsqd().connect();
  CHECK(client.ask(identify(R"({"heartbeat_interval":300000})")) == ok());
  CHECK(client.ask(identify(R"({"heartbeat_interval":300001})")) ==
        error("E_BAD_BODY IDENTIFY heartbeat interval (300001) is invalid"));
}

}  // namespace
}  // namespace nsq::test
