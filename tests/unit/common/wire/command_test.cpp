#include "common/wire/command.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "tests/unit/common/wire/exact_copy.hpp"

using namespace nsq;
using namespace nsq::wire;
using nsq::test::ExactCopy;

namespace {

CommandLine parse(std::string_view text) {
  CommandLine line;
  REQUIRE(parse_command_line(text, line) == LineStatus::complete);
  return line;
}

constexpr Command kCommands[] = {Command::identify, Command::auth,  Command::sub, Command::pub,
                                 Command::mpub,     Command::dpub,  Command::rdy, Command::fin,
                                 Command::req,      Command::touch, Command::nop, Command::cls};

}  // namespace

TEST_CASE("every command is known by its name and by no other spelling", "[wire][command]") {
  for (const Command command : kCommands) {
    const std::string name(to_string(command));
    CAPTURE(name);
    CHECK(command_from_name(name) == command);
    std::string lower = name;
    lower[0] = static_cast<char>(lower[0] + ('a' - 'A'));
    CHECK(command_from_name(lower) == Command::unknown);
    CHECK(command_from_name(name + "X") == Command::unknown);
    CHECK(command_from_name(name.substr(1)) != command);
  }
  for (const auto* name : {"", "ASDF", "nop", "NOP\t", "PING", "SUBS"}) {
    CHECK(command_from_name(name) == Command::unknown);
  }
  CHECK(to_string(Command::unknown).empty());
}

TEST_CASE("a line is split at every single space", "[wire][command]") {
  using Tokens = std::vector<std::string>;
  const auto [text, tokens] = GENERATE(table<std::string, Tokens>({
      {"\n", {""}},
      {"\r\n", {""}},
      {" \n", {"", ""}},
      {"NOP\n", {"NOP"}},
      {"NOP\r\n", {"NOP"}},
      {"NOP\r\r\n", {"NOP\r"}},
      {"\rNOP\n", {"\rNOP"}},
      {"SUB t c\r\n", {"SUB", "t", "c"}},
      {"SUB  t c\n", {"SUB", "", "t", "c"}},
      {"SUB t c extra\n", {"SUB", "t", "c", "extra"}},
      {"RDY \n", {"RDY", ""}},
      {"RDY  \n", {"RDY", "", ""}},
      {" NOP\n", {"", "NOP"}},
      {"PUB\tt\n", {"PUB\tt"}},
      {"A B C D E\n", {"A", "B", "C", "D", "E"}},
      {std::string("A\0B C\n", 6), {std::string("A\0B", 3), "C"}},
  }));
  CAPTURE(text);
  const ExactCopy copy(text);
  const CommandLine line = parse(copy.view());
  CHECK(line.name == tokens[0]);
  CHECK(line.command == command_from_name(tokens[0]));
  CHECK(line.param_count == tokens.size() - 1);
  CHECK(line.consumed == text.size());
  for (std::size_t i = 0; i < kMaxParams; ++i) {
    CHECK(line.params[i] == (i + 1 < tokens.size() ? tokens[i + 1] : ""));
  }
}

TEST_CASE("parameters that are not kept are counted", "[wire][command]") {
  std::string text = "NOP";
  for (int i = 0; i < 100; ++i) text += " x";
  const CommandLine line = parse(text + "\n");
  CHECK(line.command == Command::nop);
  CHECK(line.param_count == 100);
}

TEST_CASE("only the first line is taken", "[wire][command]") {
  const std::string text = "NOP\nCLS\n";
  const CommandLine first = parse(text);
  CHECK(first.command == Command::nop);
  CHECK(first.consumed == 4);
  CHECK(parse(std::string_view(text).substr(first.consumed)).command == Command::cls);
}

TEST_CASE("a line left over from the last call leaves no trace", "[wire][command]") {
  CommandLine line;
  REQUIRE(parse_command_line("SUB t c d e f\n", line) == LineStatus::complete);
  REQUIRE(parse_command_line("RDY 1\n", line) == LineStatus::complete);
  CHECK(line.param_count == 1);
  CHECK(line.params[0] == "1");
  CHECK(line.params[1].empty());
}

TEST_CASE("a line cut at any byte asks for more", "[wire][command]") {
  const std::string whole = "REQ 0123456789abcdef 1000\r\n";
  const auto cut = GENERATE_COPY(range(std::size_t{0}, whole.size()));
  const ExactCopy part(std::string_view(whole).substr(0, cut));
  CAPTURE(cut);
  CommandLine line;
  CHECK(parse_command_line(part.view(), line) == LineStatus::need_more);
}

TEST_CASE("a line has at most 16384 bytes with its LF", "[wire][command]") {
  CommandLine line;
  const ExactCopy longest(std::string(16383, 'x') + "\n");
  REQUIRE(parse_command_line(longest.view(), line) == LineStatus::complete);
  CHECK(line.name.size() == 16383);
  CHECK(line.consumed == kMaxLineBytes);

  const ExactCopy longer(std::string(16384, 'x') + "\n");
  CHECK(parse_command_line(longer.view(), line) == LineStatus::too_long);
  CHECK(parse_command_line(longer.view().substr(0, 16384), line) == LineStatus::too_long);
  CHECK(parse_command_line(longer.view().substr(0, 16383), line) == LineStatus::need_more);
}

TEST_CASE("joining the tokens of a line gives the line", "[wire][command]") {
  rc::prop("split ∘ join = id", [] {
    const auto token = rc::gen::container<std::string>(rc::gen::inRange('!', '~'));
    const auto tokens = *rc::gen::resize(
        static_cast<int>(kMaxParams),
        rc::gen::suchThat(rc::gen::container<std::vector<std::string>>(token), [](const auto& all) {
          return !all.empty() && all.size() <= kMaxParams;
        }));
    std::string text = tokens[0];
    for (std::size_t i = 1; i < tokens.size(); ++i) text += " " + tokens[i];
    text += "\n";
    const ExactCopy copy(text);
    CommandLine line;
    RC_ASSERT(parse_command_line(copy.view(), line) == LineStatus::complete);
    RC_ASSERT(line.name == tokens[0]);
    RC_ASSERT(line.param_count + 1 == tokens.size());
    for (std::size_t i = 1; i < tokens.size(); ++i) RC_ASSERT(line.params[i - 1] == tokens[i]);
  });
}
