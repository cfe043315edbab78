#include "nsqd/lookup/lookupd_messages.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/base/bytes.hpp"

namespace nsqd {
namespace {

using namespace std::string_literals;
using nsq::Errc;

TEST_CASE("the first bytes are magic and IDENTIFY", "[lookup]") {
  const LookupIdentity identity{.broadcast_address = "b\"x",
                                .hostname = "h",
                                .http_port = 4151,
                                .tcp_port = 4150,
                                .topology_region = "r",
                                .topology_zone = "z",
                                .version = "1.3.0"};
  const std::string hello = encode_hello(identity);
  const std::string start = "  V1IDENTIFY\n";
  REQUIRE(hello.starts_with(start));
  const std::string body = hello.substr(start.size() + 4);
  CHECK(nsq::load_be32(hello.data() + start.size()) == body.size());
  CHECK(nlohmann::json::parse(body) == nlohmann::json{{"broadcast_address", "b\"x"},
                                                      {"hostname", "h"},
                                                      {"http_port", 4151},
                                                      {"tcp_port", 4150},
                                                      {"topology_region", "r"},
                                                      {"topology_zone", "z"},
                                                      {"version", "1.3.0"}});
}

TEST_CASE("the answer to IDENTIFY", "[lookup]") {
  const auto info = parse_lookupd_info(
      R"({"broadcast_address":"l","hostname":"h","http_port":4161,"tcp_port":4160,"version":"1"})");
  REQUIRE(info.has_value());
  CHECK(*info ==
        LookupdInfo{.broadcast_address = "l", .tcp_port = 4160, .http_port = 4161, .version = "1"});
  CHECK(parse_lookupd_info("E_INVALID").error().code == Errc::rejected);
  CHECK(parse_lookupd_info("E_BAD_BODY IDENTIFY missing fields").error().text() ==
        "E_BAD_BODY IDENTIFY missing fields");
  for (const auto* bad : {"OK", "", "[]", "{", R"({"http_port":"4161"})"}) {
    CAPTURE(bad);
    CHECK(parse_lookupd_info(bad).error().code == Errc::bad_json);
  }
}

TEST_CASE("the answer to /channels", "[lookup]") {
  using Names = std::vector<std::string>;
  CHECK(parse_channels_answer(R"({"channels":["a","b#ephemeral"]})").value() ==
        Names{"a", "b#ephemeral"});
  CHECK(parse_channels_answer(R"({"channels":[]})").value().empty());
  for (const auto* bad : {"", "null", "[]", "{}", R"({"channels":null})", R"({"channels":[1]})"}) {
    CAPTURE(bad);
    CHECK(parse_channels_answer(bad).error().code == Errc::bad_json);
  }
}

TEST_CASE("replies come whole, however they are cut", "[lookup]") {
  const std::string stream = "\0\0\0\2OK\0\0\0\0\0\0\0\3abc"s;
  const auto cut = GENERATE_REF(range(std::size_t{0}, stream.size() + 1));
  ReplyReader reader(3);
  std::vector<std::string> replies;
  for (const auto& part : {stream.substr(0, cut), stream.substr(cut)}) {
    reader.add(part);
    for (;;) {
      auto next = reader.next();
      REQUIRE(next.has_value());
      if (!*next) break;
      replies.push_back(**next);
    }
  }
  CHECK(replies == std::vector<std::string>{"OK", "", "abc"});
  CHECK(reader.empty());
}

TEST_CASE("a reply beyond the limit is refused before it has come", "[lookup]") {
  const auto size = GENERATE(as<std::string>(), "\0\0\0\4"s, "\x7f\xff\xff\xff"s,
                             "\xff\xff\xff\xff"s, "\x80\0\0\0"s, "HTTP"s);
  ReplyReader reader(3);
  reader.add(size);
  const auto next = reader.next();
  REQUIRE_FALSE(next.has_value());
  CHECK(next.error().code == Errc::frame_too_large);
}

}  // namespace
}  // namespace nsqd
