#include <signal.h>

#include <filesystem>
#include <regex>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/daemons.hpp"
#include "tests/support/eventually.hpp"

namespace nsq::test {
namespace {

namespace fs = std::filesystem;

TEST_CASE("10.9/125 SIGTERM and SIGINT close all connections and end with 0", "[integration]") {
  const int signal = GENERATE(SIGTERM, SIGINT);
  Nsqd nsqd;
  RawClient idle = nsqd.connect();
  REQUIRE(idle.marker() == ok());
  RawClient consumer = nsqd.consumer("t", "c");
  consumer.send(rdy(5));
  nsqd.publish("t", "m");
  consumer.read_message();
  SimpleHttp http = nsqd.http();
  REQUIRE(http.request("GET", "/ping").body == "OK");

  CHECK(nsqd.process().stop(signal) == exited(0));
  CHECK(idle.read_to_end() == "");
  CHECK(consumer.read_to_end() == "");
  CHECK(http.at_end());
}

TEST_CASE("10.9/125 SIGHUP kills", "[integration]") {
  Nsqd nsqd;
  CHECK(nsqd.process().stop(SIGHUP) == killed_by(SIGHUP));
}

TEST_CASE("10.9/131 a connection without magic does not hold up the shutdown", "[integration]") {
  // Upstream waits for it for ever.
  Nsqd nsqd;
  RawClient silent(Socket::tcp(nsqd.tcp_port()), RawClient::Magic::omit);
  RawClient half(Socket::tcp(nsqd.tcp_port()), RawClient::Magic::omit);
  half.send("  V");
  SimpleHttp http = nsqd.http();
  http.send("POST /pub?topic=t HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
  REQUIRE(nsqd.connect().marker() == ok());  // accepted later, so the others are in its hands
  CHECK(nsqd.process().stop() == exited(0));
  CHECK(silent.read_to_end() == "");
  CHECK(half.read_to_end() == "");
}

TEST_CASE("9.6 a shutdown under load", "[integration]") {
  Nsqd nsqd;
  std::vector<RawClient> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(nsqd.consumer("t", "c"));
    clients.back().send(rdy(2500));
  }
  RawClient producer = nsqd.connect();
  const std::string batch = mpub("t", std::vector<std::string>(1000, std::string(200, 'x')));
  for (int i = 0; i < 20; ++i) producer.send(batch);
  REQUIRE(producer.read() == ok());
  CHECK(nsqd.process().stop() == exited(0));
}

TEST_CASE("1.10 clients that reset their connections do no harm", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient producer = nsqd.connect();
  for (int i = 0; i < 20; ++i) {
    RawClient client = nsqd.consumer(topic, "c");
    client.send(rdy(100));
    REQUIRE(producer.ask(mpub(topic, std::vector<std::string>(100, "m"))) == ok());
    REQUIRE(client.readable(kDeadline));
    client.close();  // with unread bytes: a reset
  }
  CHECK(nsqd.await_stat(topic, "c", "client_count", 0) == 0);
  CHECK(nsqd.stat(topic, "c", "message_count") == 2000);
  CHECK(nsqd.stat(topic, "c", "depth") + nsqd.stat(topic, "c", "in_flight_count") == 2000);
}

// An nsqd on two unix sockets.
struct OnUnixSockets {
  TempDir dir;
  fs::path tcp = dir.path() / "tcp.sock";
  fs::path http = dir.path() / "http.sock";
  std::vector<std::string> args{"--tcp-address=" + tcp.string(), "--http-address=" + http.string(),
                                "--data-path=" + dir.path().string()};
};

TEST_CASE("10.9/129 unix sockets", "[integration]") {
  const OnUnixSockets on;
  DaemonProcess process(nsqd_path(), on.args);
  process.wait_for_line("TCP: listening on " + on.tcp.string());
  process.wait_for_line("HTTP: listening on " + on.http.string());
  CHECK(fs::is_socket(on.tcp));
  CHECK(fs::is_socket(on.http));

  RawClient client(Socket::unix_path(on.tcp));
  REQUIRE(client.subscribe("t", "c") == ok());
  SimpleHttp http(Socket::unix_path(on.http));
  const auto info = http.request("GET", "/info").json();
  CHECK(info.at("tcp_port") == -1);
  CHECK(info.at("http_port") == -1);
  const auto stats = http.request("GET", "/stats?format=json").json();
  const auto& shown = stats.at("topics").at(0).at("channels").at(0).at("clients").at(0);
  CHECK(shown.at("remote_address") == "@");
  CHECK(shown.at("client_id") == "");
  CHECK(shown.at("hostname") == "");
  CHECK(http.request("POST", "/pub?topic=t", "m").body == "OK");
  client.send(rdy(1));
  CHECK(client.read_message().body == "m");

  CHECK(process.stop() == exited(0));
  CHECK_FALSE(fs::exists(on.tcp));
  CHECK_FALSE(fs::exists(on.http));
}

TEST_CASE("10.9/129 a stale socket file fails the start", "[integration]") {
  const OnUnixSockets on;
  {
    DaemonProcess process(nsqd_path(), on.args);
    process.wait_for_line("HTTP: listening on ");
    process.stop(SIGKILL);
  }
  REQUIRE(fs::exists(on.tcp));
  const Finished again = run_to_end(nsqd_path(), on.args);
  INFO(again.err);
  CHECK(again.status == exited(1));
  CHECK(again.err.find("listen (" + on.tcp.string() + ") failed") != std::string::npos);
  CHECK(again.err.find("address already in use") != std::string::npos);
}

TEST_CASE("9.1 without an HTTP address there is no HTTP", "[integration]") {
  const TempDir dir;
  DaemonProcess process(nsqd_path(), {"--tcp-address=127.0.0.1:0",
                                      "--http-address=", "--data-path=" + dir.path().string()});
  const std::string line = process.wait_for_line("TCP: listening on ");
  const auto port = static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(':') + 1)));
  CHECK(RawClient(Socket::tcp(port)).marker() == ok());
  CHECK(process.stop() == exited(0));
  CHECK(process.err().find("HTTP: listening") == std::string::npos);
}

TEST_CASE("9.7 the lines that operators match on", "[integration]") {
  Nsqd nsqd;
  {
    RawClient client = nsqd.consumer("orders", "mail");
    REQUIRE(client.ask("ASDF\n") == error("E_INVALID invalid command ASDF"));
    CHECK(client.read_to_end() == "");
  }
  REQUIRE(nsqd.get("/info").status == 200);
  REQUIRE(nsqd.post("/pub?topic=orders", "m").status == 200);
  REQUIRE(nsqd.get("/nope?x=1").status == 404);
  REQUIRE(nsqd.post("/channel/delete?topic=orders&channel=mail").status == 200);
  REQUIRE(nsqd.post("/topic/delete?topic=orders").status == 200);
  REQUIRE(nsqd.process().stop() == exited(0));

  const std::string log = nsqd.process().err();
  INFO(log);
  for (const char* expected : {
           R"(INFO: nsqd v1\.3\.0 \(built w/.*\))",
           R"(INFO: ID: \d+)",
           R"(INFO: TCP: listening on 127\.0\.0\.1:\d+)",
           R"(INFO: HTTP: listening on 127\.0\.0\.1:\d+)",
           R"(INFO: TCP: new client\(127\.0\.0\.1:\d+\))",
           R"(INFO: CLIENT\(127\.0\.0\.1:\d+\): desired protocol magic '  V2')",
           R"(INFO: TOPIC\(orders\): created)",
           R"(INFO: TOPIC\(orders\): new channel\(mail\))",
           R"(ERROR: \[127\.0\.0\.1:\d+\] - E_INVALID invalid command ASDF.*)",
           R"(INFO: TOPIC\(orders\): deleting channel mail)",
           R"(INFO: CHANNEL\(mail\): deleting)",
           R"(INFO: TOPIC\(orders\): deleting)",
           R"(INFO: 200 GET /info \(127\.0\.0\.1:\d+\) .+)",
           R"(INFO: 404 GET /nope\?x=1 \(127\.0\.0\.1:\d+\) .+)",
           R"(INFO: TCP: closing 127\.0\.0\.1:\d+)",
           R"(INFO: NSQ: closing topics)",
           R"(INFO: NSQ: stopping subsystems)",
           R"(INFO: NSQ: bye)",
       }) {
    CAPTURE(expected);
    CHECK(std::regex_search(log, std::regex(" " + std::string(expected) + "\n")));
  }
  CHECK(log.find(" POST /pub") == std::string::npos);

  const std::regex form(
      R"(\[nsqd\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} (DEBUG|INFO|WARNING|ERROR|FATAL): .*)");
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(std::regex_match(line, form));
  }
}

TEST_CASE("9.7 the log prefix", "[integration]") {
  Nsqd nsqd({"--log-prefix=(queue) "});
  CHECK(nsqd.process().wait_for_line("TCP: listening").starts_with("(queue) 2"));
}

}  // namespace
}  // namespace nsq::test
