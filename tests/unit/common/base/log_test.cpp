#include "common/base/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.hpp"

using namespace nsq;

namespace {

class CapturingSink final : public LogSink {
 public:
  void write(LogLevel level, std::string_view text) override { lines.emplace_back(level, text); }
  std::vector<std::pair<LogLevel, std::string>> lines;
};

// What `work` writes to file descriptor 2. No check may run meanwhile: it would be captured too.
template <class Work>
std::string captured_stderr(Work work) {
  const test::TempDir folder;
  const auto path = folder.path() / "stderr";
  const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  REQUIRE(file >= 0);
  std::fflush(stderr);
  const int saved = ::dup(STDERR_FILENO);
  REQUIRE(saved >= 0);
  ::dup2(file, STDERR_FILENO);
  work();
  std::fflush(stderr);
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  ::close(file);
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("log levels are five words in any letter case", "[base][log]") {
  CHECK(parse_log_level("debug") == LogLevel::debug);
  CHECK(parse_log_level("INFO") == LogLevel::info);
  CHECK(parse_log_level("Warn") == LogLevel::warn);
  CHECK(parse_log_level("eRRor") == LogLevel::error);
  CHECK(parse_log_level("fatal") == LogLevel::fatal);
  for (const auto* text : {"", "warning", "information", "inf", "info ", "1", "trace"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_log_level(text).has_value());
  }
}

TEST_CASE("a level's spelling reads back as the level", "[base][log]") {
  for (int value = 1; value <= 5; ++value) {
    const auto level = static_cast<LogLevel>(value);
    CHECK(parse_log_level(to_string(level)) == level);
  }
}

TEST_CASE("a logger passes what reaches its level, formatted", "[base][log]") {
  auto sink = std::make_shared<CapturingSink>();
  const Logger log(sink, LogLevel::warn);
  log.debug("debug {}", 1);
  log.info("info {}", 2);
  log.warn("TOPIC({}): depth {}", "orders", 3);
  log.error("error");
  log.fatal("fatal {{}}");
  const std::vector<std::pair<LogLevel, std::string>> expected{
      {LogLevel::warn, "TOPIC(orders): depth 3"},
      {LogLevel::error, "error"},
      {LogLevel::fatal, "fatal {}"},
  };
  CHECK(sink->lines == expected);
}

TEST_CASE("copies of a logger share its level", "[base][log]") {
  auto sink = std::make_shared<CapturingSink>();
  const Logger log(sink, LogLevel::error);
  const Logger copy = log;
  log.set_level(LogLevel::debug);
  CHECK(copy.level() == LogLevel::debug);
  CHECK(copy.enabled(LogLevel::debug));
  copy.debug("now it passes");
  CHECK(sink->lines.size() == 1);
}

TEST_CASE("a logger without a sink drops everything", "[base][log]") {
  const Logger log;
  log.fatal("nobody {}", "listens");
  SUCCEED();
}

TEST_CASE("a line on stderr is prefix, local time, level and text", "[base][log]") {
  const auto [level, tag] = GENERATE(table<LogLevel, std::string>({{LogLevel::debug, "DEBUG"},
                                                                   {LogLevel::info, "INFO"},
                                                                   {LogLevel::warn, "WARNING"},
                                                                   {LogLevel::error, "ERROR"},
                                                                   {LogLevel::fatal, "FATAL"}}));
  const auto sink = make_stderr_sink("[nsqd] ");
  const auto written = captured_stderr([&, severity = level] {
    sink->write(severity, "first {} %v");
    sink->write(severity, "second");
  });
  const std::string stamp = R"(\[nsqd\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} )";
  const std::regex lines(stamp + tag + R"(: first \{\} %v\n)" + stamp + tag + R"(: second\n)");
  CAPTURE(written);
  CHECK(std::regex_match(written, lines));
}

TEST_CASE("what a client sends is made printable", "[base][log]") {
  CHECK(printable("plain \xc3\xa9") == "plain \xc3\xa9");
  CHECK(printable("a\nb\x7f\t") == "a\\x0ab\\x7f\\x09");
}

TEST_CASE("a line of JSON is one object, whatever the text", "[base][log]") {
  const auto sink = make_stderr_sink("[nsqd] ", LogFormat::json);
  const auto written =
      captured_stderr([&] { sink->write(LogLevel::warn, "a \"quote\"\n{} %v \xff"); });
  const std::regex line(
      R"(\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z","level":"warn","program":"nsqd",)"
      R"("message":"a \\"quote\\"\\n\{\} %v )"
      "\xef\xbf\xbd\"\\}\n");
  CAPTURE(written);
  CHECK(std::regex_match(written, line));
}

TEST_CASE("log formats are two words", "[base][log]") {
  CHECK(parse_log_format("text") == LogFormat::text);
  CHECK(parse_log_format("json") == LogFormat::json);
  CHECK_FALSE(parse_log_format("JSON").has_value());
  CHECK(to_string(LogFormat::json) == "json");
}
