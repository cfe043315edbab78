#include "nsqlookupd/options/start_up.hpp"

#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/hostname.hpp"
#include "tests/support/temp_dir.hpp"

using namespace nsqlookupd;
using nsq::config::Exit;

namespace {

std::variant<Options, Exit> start(std::vector<std::string> args) {
  args.insert(args.begin(), "nsqlookupd");
  std::vector<const char*> argv;
  for (const auto& arg : args) argv.push_back(arg.c_str());
  return start_up(static_cast<int>(argv.size()), argv.data());
}

Options options(const std::vector<std::string>& args) {
  auto started = start(args);
  INFO((std::holds_alternative<Exit>(started) ? std::get<Exit>(started).text : ""));
  REQUIRE(std::holds_alternative<Options>(started));
  return std::get<Options>(started);
}

Exit ended(const std::vector<std::string>& args) {
  auto started = start(args);
  REQUIRE(std::holds_alternative<Exit>(started));
  return std::get<Exit>(started);
}

struct File {
  explicit File(const std::string& toml) { std::ofstream(path) << toml; }
  std::string flag() const { return "--config=" + path; }

  nsq::test::TempDir dir;
  std::string path = (dir.path() / "nsqlookupd.toml").string();
};

}  // namespace

TEST_CASE("the defaults of nsqlookupd", "[options]") {
  const Options o = options({});
  CHECK(o.tcp_address == "0.0.0.0:4160");
  CHECK(o.http_address == "0.0.0.0:4161");
  CHECK(o.broadcast_address == nsq::os_hostname());
  CHECK(o.inactive_producer_timeout == nsq::Seconds(300));
  CHECK(o.tombstone_lifetime == nsq::Seconds(45));
  CHECK(o.log_level == nsq::LogLevel::info);
  CHECK(o.log_prefix == "[nsqlookupd] ");
}

TEST_CASE("flags of nsqlookupd", "[options]") {
  const Options o = options({"-tcp-address", ":1", "--http-address=:2", "--broadcast-address=b",
                             "--inactive-producer-timeout=1m30s", "--tombstone-lifetime=0",
                             "--log-level=WARN", "--log-prefix=x", "--verbose", "rest", "--nope"});
  CHECK(o.tcp_address == ":1");
  CHECK(o.http_address == ":2");
  CHECK(o.broadcast_address == "b");
  CHECK(o.inactive_producer_timeout == nsq::Seconds(90));
  CHECK(o.tombstone_lifetime == nsq::Seconds(0));
  CHECK(o.log_level == nsq::LogLevel::warn);
  CHECK(o.log_prefix == "x");
}

TEST_CASE("nsqlookupd's config file lies between the defaults and the command line", "[options]") {
  const File file(
      "tcp_address = \"127.0.0.1:0\"\ninactive_producer_timeout = 1500\n"
      "tombstone_lifetime = \"2s\"\nlog_level = \"debug\"\nbroadcast_address = \"b\"\n");
  const Options o = options({file.flag(), "--tombstone-lifetime=3s"});
  CHECK(o.tcp_address == "127.0.0.1:0");
  CHECK(o.inactive_producer_timeout == nsq::Milliseconds(1500));
  CHECK(o.tombstone_lifetime == nsq::Seconds(3));
  CHECK(o.log_level == nsq::LogLevel::debug);
  CHECK(o.broadcast_address == "b");
}

TEST_CASE("mistakes in nsqlookupd's config file", "[options]") {
  const auto [toml, why] = GENERATE(table<std::string, std::string>({
      {"tcp_adress = \":1\"", "unknown key \"tcp_adress\" (line 1)"},
      {"log_level = \"loud\"", "failed parsing log_level loud"},
      {"tombstone_lifetime = true",
       "ERROR: Resolve failed to coerce value true for field tombstone_lifetime"},
  }));
  const File file(toml);
  const Exit exit = ended({file.flag()});
  CHECK(exit.status == 1);
  CHECK(exit.stream == Exit::Stream::fatal_log);
  CHECK(exit.text.find(why) != std::string::npos);
}

TEST_CASE("a config file that is missing", "[options]") {
  const Exit exit = ended({"--config=/nonexistent/x.toml"});
  CHECK(exit.status == 1);
  CHECK(exit.text.starts_with("failed to load config file /nonexistent/x.toml - "));
}

TEST_CASE("a bad flag of nsqlookupd is one line and status 1", "[options]") {
  const auto [arg, line] = GENERATE(table<std::string, std::string>({
      {"-bogus", "flag provided but not defined: -bogus"},
      {"--log-level=bogus",
       "invalid value \"bogus\" for flag -log-level: invalid log level 'bogus' (debug, info, warn, "
       "error, fatal)"},
      {"--tombstone-lifetime=10", "invalid value \"10\" for flag -tombstone-lifetime: parse error"},
  }));
  const Exit exit = ended({arg});
  CHECK(exit.status == 1);
  CHECK(exit.stream == Exit::Stream::err);
  CHECK(exit.text == line);
}

TEST_CASE("times that are negative are refused", "[options]") {
  const Exit exit = ended({"--tombstone-lifetime=-1s"});
  CHECK(exit.status == 1);
  CHECK(exit.text ==
        "failed to instantiate nsqlookupd - --tombstone-lifetime must not be negative");
}

TEST_CASE("nsqlookupd's version and help", "[options]") {
  const Exit version = ended({"--config=/nonexistent", "--version"});
  CHECK(version.status == 0);
  CHECK(version.stream == Exit::Stream::out);
  CHECK(version.text.starts_with("nsqlookupd v1.3.0 (built w/"));
  const Exit help = ended({"-h"});
  CHECK(help.status == 0);
  CHECK(help.stream == Exit::Stream::err);
  CHECK(help.text.starts_with("Usage of nsqlookupd:\n  -broadcast-address string\n"));
}

TEST_CASE("the lowest TLS version of nsqlookupd", "[options][tls]") {
  CHECK(tls_server_config(options({})).min_version == nsq::net::kTls1_2);
  CHECK(tls_server_config(options({"--tls-min-version=tls1.3"})).min_version == nsq::net::kTls1_3);
  for (const auto* other : {"tls1.1", "tls1.4", "1.2", ""}) {
    const Exit exit = ended({std::string("--tls-min-version=") + other});
    CHECK(exit.status == 1);
    CHECK(exit.text.contains("--tls-min-version must be tls1.2 or tls1.3"));
  }
}
