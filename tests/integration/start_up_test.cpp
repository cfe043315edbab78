#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "tests/integration/daemons.hpp"

namespace nsq::test {
namespace {

namespace fs = std::filesystem;

// Runs nsqd, which is expected to end by itself, with `args` and a data path nobody else uses.
Finished refused(const std::vector<std::string>& args) {
  const TempDir data;
  std::vector<std::string> all{"--tcp-address=127.0.0.1:0", "--http-address=127.0.0.1:0",
                               "--data-path=" + data.path().string()};
  all.insert(all.end(), args.begin(), args.end());
  Finished finished = run_to_end(nsqd_path(), all);
  CHECK(fs::is_empty(data.path()));
  return finished;
}

// Upstream prints its usage text as well and exits with 2 for a bad flag; ours says one line.
void check_one_line_naming(const Finished& finished, const std::string& what) {
  INFO(finished.err);
  CHECK(finished.status == exited(1));
  CHECK(finished.out == "");
  CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == 1);
  CHECK(finished.err.find(what) != std::string::npos);
}

std::string last_line(const std::string& text) {
  const auto end = text.find_last_not_of('\n');
  if (end == std::string::npos) return {};
  const auto before = text.rfind('\n', end);
  const auto start = before == std::string::npos ? 0 : before + 1;
  return text.substr(start, end + 1 - start);
}

class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text) { std::ofstream(path(), std::ios::binary) << text; }
  std::string path() const { return (dir_.path() / "nsqd.cfg").string(); }
  std::string flag() const { return "--config=" + path(); }

 private:
  TempDir dir_;
};

TEST_CASE("10.7/103 a data path that another nsqd uses", "[integration]") {
  Nsqd first;
  const std::string path = first.data_path().string();
  const Finished second = run_to_end(
      nsqd_path(),
      {"--tcp-address=127.0.0.1:0", "--http-address=127.0.0.1:0", "--data-path=" + path});
  check_one_line_naming(second, path);
  CHECK(second.err.find("flock") != std::string::npos);
  CHECK(first.get("/ping").body == "OK");
  CHECK(first.connect().ask(pub("t", "m")) == ok());
}

TEST_CASE("10.9/126 settings out of range", "[integration]") {
  const auto [flag, named] = GENERATE(table<std::string, std::string>({
      {"--node-id=1024", "node-id"},
      {"--max-deflate-level=0", "max-deflate-level"},
      {"--auth-http-request-method=PUT", "auth-http-request-method"},
      {"--e2e-processing-latency-percentile=0", "percentile"},
      {"--e2e-processing-latency-percentile=1.5", "1.5"},
  }));
  CAPTURE(flag);
  check_one_line_naming(refused({flag}), named);
}

TEST_CASE("10.9/126 flags that do not exist or do not parse", "[integration]") {
  const auto [flag, named] = GENERATE(table<std::string, std::string>({
      {"--nope", "nope"},
      {"--msg-timeout=60", "msg-timeout"},
      {"--worker-id=5", "worker-id"},
      {"--tls-min-version=ssl3.0", "tls-min-version"},
      {"--max-msg-size=abc", "max-msg-size"},
      {"--log-level=loud", "log-level"},
      {"--mem-queue-size", "mem-queue-size"},
      {"--e2e-processing-latency-percentile=abc", "abc"},
  }));
  CAPTURE(flag);
  check_one_line_naming(refused({flag}), named);
}

TEST_CASE("10.9/126 --version and --help end with status 0", "[integration]") {
  const Finished version = run_to_end(nsqd_path(), {"--version"});
  CHECK(version.status == exited(0));
  CHECK(version.out.starts_with("nsqd v1.3.0 (built w/"));
  const std::string flag = GENERATE("--help", "-h");
  const Finished help = run_to_end(nsqd_path(), {flag});
  CHECK(help.status == exited(0));
  CHECK(help.err.starts_with("Usage of nsqd:\n"));
  CHECK(help.err.find("max-heartbeat-interval") != std::string::npos);
}

TEST_CASE("10.9/127 what follows a positional argument is ignored", "[integration]") {
  const std::string first = GENERATE("positional", "--");
  const Nsqd nsqd({first, "--node-id=9999", "--nope"});
  CHECK(nsqd.get("/ping").body == "OK");
}

TEST_CASE("9.2 the spellings of flags", "[integration]") {
  const Nsqd nsqd({"-mem-queue-size", "7", "--max-msg-size", "0x10", "-max-body-size=1_000",
                   "--snappy=false", "-deflate=F", "--max-rdy-count=1", "--max-rdy-count=2",
                   "--msg-timeout", "1m30s"});
  CHECK(nsqd.get("/config/mem_queue_size").body == "7");
  CHECK(nsqd.get("/config/max_msg_size").body == "16");
  CHECK(nsqd.get("/config/max_body_size").body == "1000");
  CHECK(nsqd.get("/config/snappy").body == "false");
  CHECK(nsqd.get("/config/deflate").body == "false");
  CHECK(nsqd.get("/config/max_rdy_count").body == "2");
  CHECK(nsqd.get("/config/msg_timeout").body == "90000000000");
}

TEST_CASE("10.9/128 the command line wins over the config file", "[integration]") {
  const ConfigFile file(
      "id = 5\nmsg_timeout = 5000\nmax_msg_timeout = \"20m\"\nmem_queue_size = \"77\"\n"
      "nsqlookupd_tcp_addresses = \"127.0.0.1:1,127.0.0.1:2\"\nsnappy = false\n");
  Nsqd nsqd({file.flag(), "--node-id", "6"});
  CHECK(nsqd.get("/config/id").body == "6");
  CHECK(nsqd.process().wait_for_line(" ID: ").ends_with(" ID: 6"));
  CHECK(nsqd.get("/config/msg_timeout").body == "5000000000");
  CHECK(nsqd.get("/config/max_msg_timeout").body == "1200000000000");
  CHECK(nsqd.get("/config/mem_queue_size").body == "77");
  CHECK(nsqd.get("/config/snappy").body == "false");
  CHECK(nsqd.get("/config/nsqlookupd_tcp_addresses").body == R"(["127.0.0.1:1","127.0.0.1:2"])");
}

TEST_CASE("10.9/128 a list flag is not split at commas", "[integration]") {
  const Nsqd nsqd(
      {"--lookupd-tcp-address=127.0.0.1:1,127.0.0.1:2", "--lookupd-tcp-address=127.0.0.1:3"});
  CHECK(nsqd.get("/config/nsqlookupd_tcp_addresses").body ==
        R"(["127.0.0.1:1,127.0.0.1:2","127.0.0.1:3"])");
}

TEST_CASE("10.9/128 mistakes in the config file", "[integration]") {
  // Upstream ignores an unknown key.
  const auto [text, named] = GENERATE(table<std::string, std::string>({
      {"max_mesage_size = 5\n", "max_mesage_size"},
      {"mem_queue_size = 1.5\n", "mem_queue_size"},
      {"msg_timeout = \"soon\"\n", "msg_timeout"},
      {"log_level = \"loud\"\n", "log_level"},
      {"tls_min_version = \"ssl3.0\"\n", "tls_min_version"},
      {"not toml\n", "nsqd.cfg"},
  }));
  CAPTURE(text);
  const ConfigFile file(text);
  check_one_line_naming(refused({file.flag()}), named);
}

TEST_CASE("9.3 a config file that does not exist", "[integration]") {
  const Finished finished = refused({"--config=/nonexistent/nsqd.cfg"});
  check_one_line_naming(finished, "/nonexistent/nsqd.cfg");
  CHECK(finished.err.find("failed to load config file") != std::string::npos);
}

TEST_CASE("9.5 a data path that does not exist", "[integration]") {
  const TempDir dir;
  const std::string path = (dir.path() / "missing").string();
  check_one_line_naming(refused({"--data-path=" + path}), path);
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("9.5 a data path that is a file", "[integration]") {
  const ConfigFile file("");
  check_one_line_naming(refused({"--data-path=" + file.path()}), file.path());
}

TEST_CASE("9.5 a data path that cannot be written", "[integration]") {
  if (::geteuid() == 0) {
    WARN("not tried: nothing is unwritable for the superuser");
    return;
  }
  const TempDir dir;
  fs::permissions(dir.path(), fs::perms::owner_read | fs::perms::owner_exec);
  check_one_line_naming(refused({"--data-path=" + dir.path().string()}), dir.path().string());
  fs::permissions(dir.path(), fs::perms::owner_all);
}

TEST_CASE("9.5 an address in use", "[integration]") {
  Nsqd& other = plain_nsqd();
  const std::string tcp = "127.0.0.1:" + std::to_string(other.tcp_port());
  const std::string http = "127.0.0.1:" + std::to_string(other.http_port());
  for (const std::string& flag : {"--tcp-address=" + tcp, "--http-address=" + http}) {
    CAPTURE(flag);
    const Finished finished = refused({flag});
    CHECK(finished.status == exited(1));
    const std::string line = last_line(finished.err);
    CHECK(line.find(flag.substr(flag.find('=') + 1)) != std::string::npos);
    CHECK(line.find("address already in use") != std::string::npos);
  }
}

}  // namespace
}  // namespace nsq::test
