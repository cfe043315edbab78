#include "common/wire/quote.hpp"

#include <string>
#include <utility>

#include <catch2/catch.hpp>

using nsq::wire::quote;
using namespace std::string_literals;

TEST_CASE("quoting escapes what would not show as itself", "[wire][quote]") {
  const auto [text, quoted] = GENERATE(table<std::string, std::string>({
      {"", R"("")"},
      {"bad:name", R"("bad:name")"},
      {R"(say "hi")", R"("say \"hi\"")"},
      {R"(a\b)", R"("a\\b")"},
      {"it's", R"("it's")"},
      {"a\nb\tc\rd", R"("a\nb\tc\rd")"},
      {"\a\b\f\v", R"("\a\b\f\v")"},
      {"\x01\x1f\x7f"s, R"("\x01\x1f\x7f")"},
      {"\0"s, R"("\x00")"},
      {"caf\xc3\xa9", "\"caf\xc3\xa9\""},
      {"\xe6\x97\xa5\xe6\x9c\xac", "\"\xe6\x97\xa5\xe6\x9c\xac\""},
      {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
      {"\xff", R"("\xff")"},
      {"a\xc3", R"("a\xc3")"},
      {"a\xc3z", R"("a\xc3z")"},
      {"\xe2\x82", R"("\xe2\x82")"},
      {"\xc0\x80", R"("\xc0\x80")"},                  // an overlong NUL
      {"\xed\xa0\x80", R"("\xed\xa0\x80")"},          // a surrogate
      {"\xf4\x90\x80\x80", R"("\xf4\x90\x80\x80")"},  // above U+10FFFF
      {"\xe2\x80\x8b", R"("\u200b")"},                // zero-width space
      {"\xc2\x85", R"("\u0085")"},                    // a control character above ASCII
      {"\xc2\xa0", R"("\u00a0")"},                    // of the spaces only the ASCII one shows
      {"\xf3\xa0\x80\x81", R"("\U000e0001")"},        // a language tag
      {"\xef\xbf\xbd", "\"\xef\xbf\xbd\""},           // U+FFFD itself is printable
  }));
  CHECK(quote(text) == quoted);
}
