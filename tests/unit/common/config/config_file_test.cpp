#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/config/flag_set.hpp"
#include "tests/support/temp_dir.hpp"

using namespace nsq;
using namespace nsq::config;

namespace {

using Args = std::vector<std::string>;

struct Sample {
  std::string only_flag;
  bool snappy = true;
  std::int64_t id = 1;
  double rate = 0;
  std::string topic;
  Nanoseconds timeout = Seconds{1};
  std::vector<std::string> addresses;
  std::vector<double> percentiles;
  std::string level = "info";
  FlagSet flags{"sample"};
  test::TempDir dir;

  Sample() {
    flags.add({.flag = "only-flag"}, only_flag);
    flags.add({"snappy", "snappy"}, snappy);
    flags.add({"node-id", "id"}, id);
    flags.add({"rate", "rate"}, rate);
    flags.add({"topic", "topic"}, topic);
    flags.add({"timeout", "timeout"}, timeout);
    flags.add({"address", "addresses"}, addresses);
    flags.add({"percentile", "percentiles"}, percentiles);
    flags.add({"level", "level"}, Custom{.set = [this](std::string_view text) -> Result<void> {
                                           if (text == "bad") return fail(Errc::rejected, "no");
                                           level = text;
                                           return {};
                                         },
                                         .text = [this] { return level; }});
  }

  std::string path() const { return (dir.path() / "c.toml").string(); }

  Result<void> load(const std::string& toml) {
    std::ofstream(path()) << toml;
    return flags.load_file(path());
  }

  // The error without the part that names the file.
  std::string error(const std::string& toml) {
    const auto loaded = load(toml);
    if (loaded) return "";
    const auto prefix = "failed to load config file " + path() + " - ";
    const auto text = loaded.error().text();
    return text.starts_with(prefix) ? text.substr(prefix.size()) : "whole: " + text;
  }
};

}  // namespace

TEST_CASE("each kind takes its own TOML type", "[config][file]") {
  Sample s;
  REQUIRE(s.load(R"(
    # a comment
    snappy = false
    id = 5
    rate = 0.25
    topic = "orders"
    timeout = "1m30s"
    addresses = ["a:1", "b:2"]
    percentiles = [1.0, 0.99]
    level = "warn"
  )"));
  CHECK_FALSE(s.snappy);
  CHECK(s.id == 5);
  CHECK(s.rate == 0.25);
  CHECK(s.topic == "orders");
  CHECK(s.timeout == Seconds{90});
  CHECK(s.addresses == Args{"a:1", "b:2"});
  CHECK(s.percentiles == std::vector<double>{1.0, 0.99});
  CHECK(s.level == "warn");
}

TEST_CASE("an integer may be a numeric string", "[config][file]") {
  Sample s;
  REQUIRE(s.load("id = '0x10'\n"));
  CHECK(s.id == 16);
}

TEST_CASE("a duration may be a number of milliseconds", "[config][file]") {
  const auto toml = GENERATE(as<std::string>{}, "timeout = 5000", "timeout = '5000'",
                             "timeout = '05000'", "timeout = '5s'");
  CAPTURE(toml);
  Sample s;
  REQUIRE(s.load(toml));
  CHECK(s.timeout == Seconds{5});
}

TEST_CASE("a boolean may be a boolean string or the number 0 or 1", "[config][file]") {
  const auto [toml, value] = GENERATE(table<std::string, bool>({
      {"snappy = true", true},
      {"snappy = 'T'", true},
      {"snappy = 1", true},
      {"snappy = false", false},
      {"snappy = 'FALSE'", false},
      {"snappy = 0", false},
  }));
  CAPTURE(toml);
  Sample s;
  s.snappy = !value;
  REQUIRE(s.load(toml));
  CHECK(s.snappy == value);
}

TEST_CASE("a list may be an array or one comma-separated string", "[config][file]") {
  const auto toml = GENERATE(as<std::string>{}, "addresses = 'a:1,b:2'", "addresses = 'a:1, b:2'",
                             "addresses = ['a:1', 'b:2']");
  CAPTURE(toml);
  Sample s;
  REQUIRE(s.load(toml));
  CHECK(s.addresses == Args{"a:1", "b:2"});
  REQUIRE(s.load("addresses = ''"));
  CHECK(s.addresses.empty());
}

TEST_CASE("percentiles may be integers", "[config][file]") {
  const auto toml = GENERATE(as<std::string>{}, "percentiles = [1, 0.5]", "percentiles = '1,0.5'",
                             "percentiles = ['1', '0.5']");
  CAPTURE(toml);
  Sample s;
  REQUIRE(s.load(toml));
  CHECK(s.percentiles == std::vector<double>{1, 0.5});
}

TEST_CASE("a string takes anything printable", "[config][file]") {
  const auto [toml, text] = GENERATE(table<std::string, std::string>({
      {"topic = 5", "5"},
      {"topic = 1.5", "1.5"},
      {"topic = true", "true"},
      {"topic = 2024-05-01", "2024-05-01"},
  }));
  CAPTURE(toml);
  Sample s;
  REQUIRE(s.load(toml));
  CHECK(s.topic == text);
}

TEST_CASE("an unknown key is a mistake that names key and line", "[config][file]") {
  CHECK(Sample().error("id = 5\nidd = 6\n") == R"(unknown key "idd" (line 2))");
  CHECK(Sample().error("id = 5\n[server]\nid = 6\n") == R"(unknown key "server" (line 2))");
  CHECK(Sample().error("only-flag = 'x'") == R"(unknown key "only-flag" (line 1))");
  CHECK(Sample().error("\"\" = 'x'") == R"(unknown key "" (line 1))");
}

TEST_CASE("a value that cannot be converted is a mistake that names both", "[config][file]") {
  const auto [toml, value, key, why] =
      GENERATE(table<std::string, std::string, std::string, std::string>({
          {"id = 5.0", "5", "id", "expected an integer"},
          {"id = true", "true", "id", "expected an integer"},
          {"id = 'x'", "x", "id", "parse error"},
          {"id = [1]", "[1]", "id", "expected an integer"},
          {"snappy = 2", "2", "snappy", "expected a boolean"},
          {"snappy = -1", "-1", "snappy", "expected a boolean"},
          {"snappy = 1.0", "1", "snappy", "expected a boolean"},
          {"snappy = 'yes'", "yes", "snappy", "expected a boolean"},
          {"rate = true", "true", "rate", "expected a number"},
          {"topic = ['a']", "[a]", "topic", "expected a string"},
          {"topic = {a = 1}", "{...}", "topic", "expected a string"},
          {"timeout = 1.5", "1.5", "timeout", "expected a duration"},
          {"timeout = true", "true", "timeout", "expected a duration"},
          {"timeout = '1x'", "1x", "timeout", R"(time: unknown unit "x" in duration "1x")"},
          {"timeout = 9223372036854775807", "9223372036854775807", "timeout", "value out of range"},
          {"addresses = [['a']]", "[[a]]", "addresses", "expected a list of plain values"},
          {"percentiles = ['x']", "[x]", "percentiles", "Could not parse: x"},
      }));
  CAPTURE(toml);
  CHECK(Sample().error("\n" + toml) == "ERROR: Resolve failed to coerce value " + value +
                                           " for field " + key + " (line 2) - " + why);
}

TEST_CASE("an option of its own kind has its own message", "[config][file]") {
  CHECK(Sample().error("level = 'bad'") == "whole: failed parsing level bad");
  CHECK(Sample().error("level = ['bad']") == "whole: failed parsing level [bad]");
}

TEST_CASE("a file that cannot be read is a mistake", "[config][file]") {
  Sample s;
  CHECK(s.flags.load_file("/nonexistent/c.toml").error().text() ==
        "failed to load config file /nonexistent/c.toml - open /nonexistent/c.toml: "
        "no such file or directory");
  const auto dir = s.dir.path().string();
  CHECK(s.flags.load_file(dir).error().text() ==
        "failed to load config file " + dir + " - read " + dir + ": is a directory");
  const auto syntax = s.error("id = 5\nid = = 6\n");
  CHECK(syntax.find("(line 2, column ") != std::string::npos);
  CHECK(syntax.find('\n') == std::string::npos);
}

TEST_CASE("the first mistake in the file is the one reported", "[config][file]") {
  CHECK(Sample().error("zzz = 1\naaa = 2\n") == R"(unknown key "zzz" (line 1))");
}

TEST_CASE("the command line overrides the file, in either order", "[config][file]") {
  Sample s;
  const Args args{"-node-id", "6", "-address=x:1", "-address=y:2", "-snappy=true", "-level=debug"};
  const std::string toml =
      "id = 5\naddresses = ['a:1']\nsnappy = false\nlevel = 'warn'\ntopic = 't'\n";
  SECTION("file last") {
    REQUIRE(s.flags.parse(args));
    REQUIRE(s.load(toml));
  }
  SECTION("file first") {
    REQUIRE(s.load(toml));
    REQUIRE(s.flags.parse(args));
  }
  CHECK(s.id == 6);
  CHECK(s.addresses == Args{"x:1", "y:2"});
  CHECK(s.snappy);
  CHECK(s.level == "debug");
  CHECK(s.topic == "t");
  CHECK(s.rate == 0);
}

TEST_CASE("a wrong value in the file counts even if the command line overrides it",
          "[config][file]") {
  Sample s;
  REQUIRE(s.flags.parse(Args{"-node-id", "6"}));
  CHECK_FALSE(s.error("id = 'x'").empty());
}

TEST_CASE("a value is shown raw if a string, as JSON otherwise", "[config][show]") {
  Sample s;
  REQUIRE(s.load("topic = 'a \"b\"'\naddresses = ['a:1', 'q\"']\npercentiles = [1, 0.99]\n"));
  CHECK(s.flags.show("topic") == "a \"b\"");
  CHECK(s.flags.show("snappy") == "true");
  CHECK(s.flags.show("id") == "1");
  CHECK(s.flags.show("timeout") == "1000000000");
  CHECK(s.flags.show("addresses") == R"(["a:1","q\""])");
  CHECK(s.flags.show("percentiles") == "[1,0.99]");
  CHECK(s.flags.show("level") == "info");
  CHECK(s.flags.show("node_id") == std::nullopt);
  CHECK(s.flags.show("only-flag") == std::nullopt);
  CHECK(s.flags.show("") == std::nullopt);
}
