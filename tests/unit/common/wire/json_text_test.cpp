#include "common/wire/json_text.hpp"

#include <rapidcheck.h>

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace nsq::wire;

namespace {

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace

TEST_CASE("JSON strings are written as upstream writes them", "[wire][json]") {
  CHECK(json_string("") == R"("")");
  CHECK(json_string("plain.text_1-2#x") == R"("plain.text_1-2#x")");
  CHECK(json_string("a\"b\\c/") == R"("a\"b\\c/")");
  CHECK(json_string("<a> & b") == R"("\u003ca\u003e \u0026 b")");
  CHECK(json_string("\b\f\n\r\t\x01\x7f") == "\"\\b\\f\\n\\r\\t\\u0001\x7f\"");
  CHECK(json_string("\xc3\xa9\xf0\x9f\x98\x80") == "\"\xc3\xa9\xf0\x9f\x98\x80\"");
  CHECK(json_string("\xe2\x80\xa8\xe2\x80\xa9") == R"("\u2028\u2029")");
  CHECK(json_string("a\xff\xc3") == R"("a\ufffd\ufffd")");
  CHECK(json_string(std::string_view("\0", 1)) == R"("\u0000")");
}

TEST_CASE("a JSON string of any bytes parses, and of text parses back", "[wire][json]") {
  rc::check([](const std::vector<char>& chars) {
    const std::string bytes(chars.begin(), chars.end());
    RC_ASSERT(nlohmann::json::parse(json_string(bytes)).is_string());
  });
  std::string ascii;
  for (int c = 0; c < 128; ++c) ascii += static_cast<char>(c);
  CHECK(nlohmann::json::parse(json_string(ascii)).get<std::string>() == ascii);
}
