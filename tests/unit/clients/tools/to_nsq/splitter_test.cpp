#include "clients/tools/to_nsq/splitter.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace nsq::tools;

namespace {

/// What is published from `input`, which arrives in parts of `part` bytes.
std::vector<std::string> split(std::string_view input, char delimiter, std::size_t part) {
  Splitter splitter(delimiter);
  std::vector<std::string> pieces;
  const auto keep = [&](std::string_view piece) {
    if (!piece.empty()) pieces.emplace_back(piece);
  };
  for (std::size_t at = 0; at < input.size(); at += part) {
    splitter.feed(input.substr(at, part));
    while (const auto piece = splitter.next()) keep(*piece);
  }
  keep(splitter.rest());
  return pieces;
}

using Pieces = std::vector<std::string>;

}  // namespace

TEST_CASE("input is cut at every delimiter, however it arrives", "[to_nsq][splitter]") {
  const auto part = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{100});
  CAPTURE(part);
  CHECK(split("one\ntwo\nthree\n", '\n', part) == Pieces{"one", "two", "three"});
  CHECK(split("a\n\n\nb\n", '\n', part) == Pieces{"a", "b"});
  CHECK(split("\n\n", '\n', part).empty());
  CHECK(split("", '\n', part).empty());
  CHECK(split(std::string_view("a\0b\x1e"
                               "c",
                               5),
              '\x1e', part) == Pieces{std::string("a\0b", 3), "c"});
}

TEST_CASE("what follows the last delimiter is data", "[to_nsq][splitter]") {
  CHECK(split("one,two,three", ',', 4) == Pieces{"one", "two", "three"});
  CHECK(split("one,x", ',', 4) == Pieces{"one", "x"});
  CHECK(split("last line", '\n', 4) == Pieces{"last line"});
}

TEST_CASE("the newline of echo is not", "[to_nsq][splitter]") {
  CHECK(split("one,two,three\n", ',', 4) == Pieces{"one", "two", "three"});
  CHECK(split("one,two,\n", ',', 4) == Pieces{"one", "two"});
  CHECK(split("one,two\n\n", ',', 4) == Pieces{"one", "two\n"});
}
