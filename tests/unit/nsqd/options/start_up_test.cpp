#include "nsqd/options/start_up.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.hpp"

using namespace nsqd;

namespace {

struct Host {
  nsq::test::TempDir temp;
  std::string dir = temp.path().string();

  // A start with an own data directory before the given arguments.
  std::variant<Startup, Exit> start(std::vector<std::string> args) const {
    args.insert(args.begin(), {"nsqd", "--data-path=" + dir});
    std::vector<const char*> argv;
    for (const auto& arg : args) argv.push_back(arg.c_str());
    return start_up(static_cast<int>(argv.size()), argv.data());
  }

  Options options(const std::vector<std::string>& args) const {
    auto started = start(args);
    INFO((std::holds_alternative<Exit>(started) ? std::get<Exit>(started).text : ""));
    REQUIRE(std::holds_alternative<Startup>(started));
    return std::get<Startup>(started).options;
  }

  Exit exit(const std::vector<std::string>& args) const {
    auto started = start(args);
    REQUIRE(std::holds_alternative<Exit>(started));
    return std::get<Exit>(started);
  }

  std::string config(const std::string& toml) const {
    const auto path = (config_dir.path() / "nsqd.toml").string();
    std::ofstream(path) << toml;
    return "--config=" + path;
  }

  nsq::test::TempDir config_dir;
};

// What report writes to this file descriptor.
std::string printed(int fd, const Exit& exit) {
  std::fflush(nullptr);
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  const int saved = ::dup(fd);
  ::dup2(::fileno(file), fd);
  const int status = report(exit);
  std::fflush(nullptr);
  ::dup2(saved, fd);
  ::close(saved);
  std::array<char, 256> text{};
  std::rewind(file);
  const auto size = std::fread(text.data(), 1, text.size(), file);
  std::fclose(file);
  CHECK(status == exit.status);
  return {text.data(), size};
}

}  // namespace

TEST_CASE("nsqd starts with flags, and holds its data directory", "[options][start]") {
  const Host host;
  const auto started = host.start({"--node-id=7", "-msg-timeout", "2s"});
  REQUIRE(std::holds_alternative<Startup>(started));
  CHECK(std::get<Startup>(started).options.node_id == 7);
  CHECK(std::get<Startup>(started).options.msg_timeout == nsq::Seconds{2});
  const auto second = host.exit({});
  CHECK(second.status == 1);
  CHECK(second.stream == Exit::Stream::fatal_log);
  CHECK(second.text.starts_with(
      "failed to instantiate nsqd - failed to lock data-path: cannot flock directory "));
}

TEST_CASE("what follows a positional argument is ignored", "[options][start]") {
  CHECK(Host().options({"--node-id=3", "positional", "--node-id=9999"}).node_id == 3);
}

TEST_CASE("the version comes before any validation", "[options][start]") {
  const auto exit = Host().exit({"--node-id=9999", "--config=/nonexistent", "--version"});
  CHECK(exit.status == 0);
  CHECK(exit.stream == Exit::Stream::out);
  CHECK(exit.text.starts_with("nsqd v1.3.0 (built w/clang "));
  CHECK(exit.text.ends_with(")"));
}

TEST_CASE("help is the usage, on stderr, with status 0", "[options][start]") {
  const auto exit = Host().exit({"--help"});
  CHECK(exit.status == 0);
  CHECK(exit.stream == Exit::Stream::err);
  CHECK(exit.text.starts_with("Usage of nsqd:\n  -auth-file string\n    \t"));
  CHECK_FALSE(exit.text.ends_with("\n"));
}

TEST_CASE("a bad flag is one line on stderr and status 1", "[options][start]") {
  const auto [arg, line] = GENERATE(table<std::string, std::string>({
      {"--nope", "flag provided but not defined: -nope"},
      {"--msg-timeout=60", R"(invalid value "60" for flag -msg-timeout: parse error)"},
      {"--topology-zone", "flag needs an argument: -topology-zone"},
      {"---x", "bad flag syntax: ---x"},
  }));
  const auto exit = Host().exit({arg});
  CHECK(exit.status == 1);
  CHECK(exit.stream == Exit::Stream::err);
  CHECK(exit.text == line);
}

TEST_CASE("a bad setting keeps nsqd from starting", "[options][start]") {
  const auto [arg, why] = GENERATE(table<std::string, std::string>({
      {"--node-id=1024", "--node-id must be [0,1024)"},
      {"--max-deflate-level=0", "--max-deflate-level must be [1,9]"},
      {"--auth-http-request-method=PUT", "--auth-http-request-method must be post or get"},
      {"--e2e-processing-latency-percentile=0", "invalid E2E processing latency percentile: 0"},
      {"--e2e-processing-latency-percentile=1.5", "invalid E2E processing latency percentile: 1.5"},
      {"--tls-required", "cannot require TLS client connections without TLS key and cert"},
      {"--data-path=/nonexistent",
       "failed to lock data-path: open /nonexistent: no such file or directory"},
  }));
  const Host host;
  const auto exit = host.exit({arg});
  CHECK(exit.status == 1);
  CHECK(exit.stream == Exit::Stream::fatal_log);
  CHECK(exit.text == "failed to instantiate nsqd - " + why);
  CHECK(std::filesystem::is_empty(host.dir));
}

TEST_CASE("the data directory is locked before the settings are validated", "[options][start]") {
  const auto exit = Host().exit({"--data-path=/nonexistent", "--node-id=9999"});
  CHECK(exit.text.find("failed to lock data-path") != std::string::npos);
}

TEST_CASE("the config file lies between the defaults and the command line", "[options][start]") {
  const Host host;
  const auto config = host.config(R"(
    id = 5
    msg_timeout = 5000
    nsqlookupd_tcp_addresses = "a:1,b:2"
    log_level = "WARN"
    tls_min_version = ""
    tls_required = false
    snappy = 0
    log_prefix = "[q] "
  )");
  auto options = host.options({config});
  CHECK(options.node_id == 5);
  CHECK(options.msg_timeout == nsq::Seconds{5});
  CHECK(options.lookupd_tcp_addresses == std::vector<std::string>{"a:1", "b:2"});
  CHECK(options.log_level == nsq::LogLevel::warn);
  CHECK_FALSE(options.snappy);
  CHECK(options.log_prefix == "[q] ");
  CHECK(options.max_rdy_count == 2500);

  options = host.options({config, "--node-id", "6", "--lookupd-tcp-address=c:3"});
  CHECK(options.node_id == 6);
  CHECK(options.lookupd_tcp_addresses == std::vector<std::string>{"c:3"});
}

TEST_CASE("a mistake in the config file is one fatal line that names it", "[options][start]") {
  const Host host;
  const auto [toml, line] = GENERATE(table<std::string, std::string>({
      {"idd = 5", R"(unknown key "idd" (line 1))"},
      {"id = 5.5",
       "ERROR: Resolve failed to coerce value 5.5 for field id (line 1) - expected an integer"},
      {"tls_required = 'maybe'", "failed parsing tls_required maybe"},
      {"tls_min_version = 'ssl3.0'", "failed parsing tls_min_version ssl3.0"},
      {"log_level = 'warning'", "failed parsing log_level warning"},
  }));
  const auto config = host.config(toml);
  const auto exit = host.exit({config});
  CHECK(exit.status == 1);
  CHECK(exit.stream == Exit::Stream::fatal_log);
  const auto file = config.substr(std::string("--config=").size());
  const bool whole = line.starts_with("failed parsing");
  CHECK(exit.text == (whole ? line : "failed to load config file " + file + " - " + line));
}

TEST_CASE("tls_required in the file is a boolean, tcp-https, or their strings",
          "[options][start]") {
  // Without certificate all but false are refused, and the reason shows that they were understood.
  const Host host;
  for (const auto* value : {"true", "'true'", "'tcp-https'", "'TCP-HTTPS'", "'1'"}) {
    CAPTURE(value);
    const auto exit = host.exit({host.config(std::string("tls_required = ") + value)});
    CHECK(exit.text ==
          "failed to instantiate nsqd - cannot require TLS client connections without TLS key and "
          "cert");
  }
  CHECK(host.options({host.config("tls_required = 'false'")}).tls_required == TlsRequired::no);
}

TEST_CASE("report prints where it should and returns the status", "[options][start]") {
  using Stream = Exit::Stream;
  const Exit version{.status = 0, .stream = Stream::out, .text = "nsqd v1"};
  CHECK(printed(STDOUT_FILENO, version) == "nsqd v1\n");
  const Exit usage{.status = 0, .stream = Stream::err, .text = "Usage"};
  CHECK(printed(STDERR_FILENO, usage) == "Usage\n");
  const Exit fatal{.status = 1, .stream = Stream::fatal_log, .text = "why"};
  const auto line = printed(STDERR_FILENO, fatal);
  CHECK(line.starts_with("[nsqd] 2"));
  CHECK(line.ends_with(" FATAL: why\n"));
}
