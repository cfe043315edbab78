// The cases of spec/nsqlookupd.md 7 about the process, by number.

#include <signal.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/eventually.hpp"
#include "tests/support/nsqlookupd.hpp"
#include "tests/support/temp_dir.hpp"

namespace nsq::test {
namespace {

TEST_CASE("7.38 SIGTERM and SIGINT end it, whoever is connected", "[integration][nsqlookupd]") {
  const int signal = GENERATE(SIGTERM, SIGINT);
  Nsqlookupd lookupd;
  LookupPeer idle = lookupd.peer("host", {"t"});
  LookupPeer silent = lookupd.connect();  // upstream waits for this one for ever
  LookupPeer half = lookupd.connect();
  half.send("  V");
  LookupPeer within = lookupd.connect();
  within.send("  V1IDENTIFY\n");
  SimpleHttp http = lookupd.http();
  REQUIRE(http.request("GET", "/ping").body == "OK");

  CHECK(lookupd.process().stop(signal) == exited(0));
  for (LookupPeer* peer : {&idle, &silent, &half, &within}) CHECK(peer->at_end());
  CHECK(http.at_end());
}

TEST_CASE("7.38 nobody is connected", "[integration][nsqlookupd]") {
  Nsqlookupd lookupd;
  CHECK(lookupd.process().stop() == exited(0));
}

TEST_CASE("2.3 SIGHUP kills", "[integration][nsqlookupd]") {
  Nsqlookupd lookupd;
  CHECK(lookupd.process().stop(SIGHUP) == killed_by(SIGHUP));
}

// Runs it, which is expected to end by itself.
Finished refused(const std::vector<std::string>& args) {
  std::vector<std::string> all{"--tcp-address=127.0.0.1:0", "--http-address=127.0.0.1:0"};
  all.insert(all.end(), args.begin(), args.end());
  Finished finished = run_to_end(nsqlookupd_path(), all);
  INFO(finished.err);
  CHECK(finished.status == exited(1));
  CHECK(finished.out == "");
  return finished;
}

bool says(const Finished& finished, const std::string& what) {
  INFO(finished.err);
  return finished.err.find(what) != std::string::npos;
}

TEST_CASE("7.39 an address in use", "[integration][nsqlookupd]") {
  const Nsqlookupd other;
  const std::string tcp = "127.0.0.1:" + std::to_string(other.tcp_port());
  const std::string http = "127.0.0.1:" + std::to_string(other.http_port());
  for (const auto& [flag, address] : std::vector<std::pair<std::string, std::string>>{
           {"--tcp-address=", tcp}, {"--http-address=", http}}) {
    const Finished finished = refused({flag + address, "--log-prefix=unused "});
    CHECK(says(finished, "listen (" + address + ") failed - "));
    CHECK(says(finished, "address already in use"));
    CHECK(says(finished, "[nsqlookupd] "));
  }
}

TEST_CASE("1 there are no unix sockets", "[integration][nsqlookupd]") {
  CHECK(says(refused({"--tcp-address=/tmp/nsqlookupd.sock"}),
             "listen (/tmp/nsqlookupd.sock) failed - "));
}

class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text) { std::ofstream(path()) << text; }
  std::string flag() const { return "--config=" + path(); }

 private:
  std::string path() const { return (dir_.path() / "nsqlookupd.toml").string(); }
  TempDir dir_;
};

TEST_CASE("7.40 the config file", "[integration][nsqlookupd]") {
  const ConfigFile file("inactive_producer_timeout = 1\nbroadcast_address = \"from-file\"\n");
  const Nsqlookupd lookupd({file.flag()});  // its --broadcast-address wins
  LookupPeer peer = lookupd.connect();
  CHECK(nlohmann::json::parse(peer.identify()).at("broadcast_address") == "127.0.0.1");
  CHECK(eventually([&] { return lookupd.nodes().empty(); }));  // 1 is a millisecond
}

TEST_CASE("7.40 mistakes in the config file", "[integration][nsqlookupd]") {
  // Upstream ignores the key that it does not know.
  const auto [text, why] = GENERATE(table<std::string, std::string>({
      {"log_level = \"loud\"\n", "FATAL: failed parsing log_level loud"},
      {"tombstone_lifetime = true\n", "ERROR: Resolve failed to coerce value"},
      {"tombstone_lifetme = \"1s\"\n", "unknown key \"tombstone_lifetme\" (line 1)"},
      {"not toml\n", "FATAL: failed to load config file "},
  }));
  CHECK(says(refused({ConfigFile(text).flag()}), why));
  CHECK(says(refused({"--config=/nonexistent/x.toml"}),
             "failed to load config file /nonexistent/x.toml - "));
}

TEST_CASE("2.1 flags", "[integration][nsqlookupd]") {
  // Upstream prints its usage text as well and exits with 2; ours says one line.
  CHECK(says(refused({"-bogus"}), "flag provided but not defined: -bogus"));
  CHECK(says(refused({"--log-level=bogus"}),
             "invalid value \"bogus\" for flag -log-level: invalid log level 'bogus'"));
  CHECK(says(refused({"--tombstone-lifetime=10"}), "-tombstone-lifetime"));
  const Finished version = run_to_end(nsqlookupd_path(), {"--version"});
  CHECK(version.status == exited(0));
  CHECK(version.out.starts_with("nsqlookupd v1.3.0 (built w/"));
  const Finished help = run_to_end(nsqlookupd_path(), {"--help"});
  CHECK(help.status == exited(0));
  CHECK(help.err.starts_with("Usage of nsqlookupd:\n"));
}

TEST_CASE("2.4 the lines that operators match on", "[integration][nsqlookupd]") {
  Nsqlookupd lookupd;
  {
    LookupPeer peer = lookupd.peer("host", {"orders mail", "other"});
    REQUIRE(peer.ask("PING\n") == "OK");
    REQUIRE(peer.ask("UNREGISTER other\n") == "OK");
    REQUIRE(peer.ask("ASDF\n") == "E_INVALID invalid command ASDF");
    CHECK(peer.at_end());
  }
  REQUIRE(lookupd.get("/nodes?x=1").status == 200);
  REQUIRE(lookupd.post("/channel/create?topic=made&channel=c").status == 200);
  REQUIRE(lookupd.post("/topic/tombstone?topic=made&node=a:1").status == 200);
  REQUIRE(lookupd.post("/topic/delete?topic=made").status == 200);
  lookupd.connect().close();
  lookupd.process().wait_for_line("failed to read protocol version - EOF");
  LookupPeer peer = lookupd.peer("host", {"left"});
  peer.close();
  lookupd.process().wait_for_line("UNREGISTER category:topic key:left subkey:");
  REQUIRE(lookupd.process().stop() == exited(0));

  const std::string log = lookupd.process().err();
  INFO(log);
  const std::string at = R"(127\.0\.0\.1:\d+)";
  for (const std::string& expected : {
           std::string(R"(INFO: nsqlookupd v1\.3\.0 \(built w/.*\))"),
           "INFO: TCP: listening on " + at,
           "INFO: HTTP: listening on " + at,
           R"(INFO: TCP: new client\()" + at + R"(\))",
           R"(INFO: CLIENT\()" + at + R"(\): desired protocol magic '  V1')",
           R"(INFO: CLIENT\()" + at +
               R"(\): IDENTIFY Address:host TCP:4150 HTTP:4151 Version:1\.3\.0)",
           R"(INFO: CLIENT\()" + at + R"(\): pinged \(last ping .+\))",
           R"(INFO: DB: client\()" + at + R"(\) REGISTER category:client key: subkey:)",
           R"(INFO: DB: client\()" + at + R"(\) REGISTER category:channel key:orders subkey:mail)",
           R"(INFO: DB: client\()" + at + R"(\) REGISTER category:topic key:orders subkey:)",
           R"(INFO: DB: client\()" + at + R"(\) UNREGISTER category:topic key:other subkey:)",
           R"(ERROR: \[)" + at + R"(\] - E_INVALID invalid command ASDF)",
           R"(INFO: PROTOCOL\(V1\): \[)" + at + R"(\] exiting ioloop)",
           R"(ERROR: client\()" + at + R"(\) - E_INVALID invalid command ASDF)",
           R"(INFO: DB: client\()" + at +
               R"(\) UNREGISTER category:channel key:orders subkey:mail)",
           R"(INFO: client\()" + at + R"(\) - EOF)",
           std::string(R"(INFO: DB: adding topic\(made\))"),
           std::string(R"(INFO: DB: adding channel\(c\) in topic\(made\))"),
           std::string(R"(INFO: DB: setting tombstone for producer@a:1 of topic\(made\))"),
           std::string(R"(INFO: DB: removing channel\(c\) from topic\(made\))"),
           std::string(R"(INFO: DB: removing topic\(made\))"),
           R"(INFO: 200 GET /nodes\?x=1 \()" + at + R"(\) .+)",
           "INFO: TCP: closing " + at,
           "INFO: HTTP: closing " + at,
       }) {
    CAPTURE(expected);
    CHECK(std::regex_search(log, std::regex(" " + expected + "\n")));
  }
  const std::regex form(
      R"(\[nsqlookupd\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} (DEBUG|INFO|WARNING|ERROR|FATAL): .*)");
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(std::regex_match(line, form));
  }
}

TEST_CASE("7.41 many peers with many topics, leaving together", "[integration][nsqlookupd]") {
  constexpr int kPeers = 100;
  constexpr int kTopics = 300;
  const Nsqlookupd lookupd;
  LookupPeer witness = lookupd.peer("witness", {"t0"});
  std::string registrations;
  for (int i = 0; i < kTopics; ++i) registrations += "REGISTER t" + std::to_string(i) + " c\n";
  std::vector<LookupPeer> peers;
  for (int i = 0; i < kPeers; ++i) {
    peers.push_back(lookupd.peer("host" + std::to_string(i)));
    peers.back().send(registrations);
  }
  for (LookupPeer& peer : peers) {
    for (int i = 0; i < kTopics; ++i) REQUIRE(peer.read() == "OK");
  }
  CHECK(lookupd.nodes().size() == kPeers + 1);
  CHECK(lookupd.topics().size() == kTopics);
  CHECK(lookupd.producers("t0").size() == kPeers + 1);
  CHECK(lookupd.producers("t1").size() == kPeers);
  CHECK(lookupd.get("/debug").json().size() == 1 + 2 * kTopics);
  for (LookupPeer& peer : peers) peer.close();
  CHECK(witness.ask("PING\n") == "OK");
  CHECK(eventually([&] { return lookupd.nodes().size() == 1; }));
  CHECK(lookupd.producers("t0") == Nsqlookupd::Names{"witness"});
  CHECK(lookupd.topics().size() == kTopics);
  CHECK(eventually([&] { return lookupd.get("/debug").json().size() == 2; }));
}

}  // namespace
}  // namespace nsq::test
