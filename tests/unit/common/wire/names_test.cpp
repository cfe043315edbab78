#include "common/wire/names.hpp"

#include <string>
#include <unordered_map>

#include <boost/unordered/unordered_flat_map.hpp>
#include <catch2/catch.hpp>

using namespace nsq;
using namespace nsq::wire;

TEST_CASE("names of 1 to 64 allowed bytes are valid", "[wire][names]") {
  const std::string name =
      GENERATE(as<std::string>(), "a", ".", "-", "_", "Az09._-", "a#ephemeral", ".#ephemeral",
               std::string(64, 'x'), std::string(54, 'x') + "#ephemeral");
  CAPTURE(name);
  CHECK(is_valid_name(name));
}

TEST_CASE("everything else is not a name", "[wire][names]") {
  const std::string name =
      GENERATE(as<std::string>(), "", "#ephemeral", "a#", "a#b", "a#Ephemeral",
               "a#ephemeral#ephemeral", "a##ephemeral", "#ephemerala", "bad:name", "a/b", "a b",
               " a", "a\n", "a\t", "caf\xc3\xa9", "a\xff", "a,b", "a+b", std::string("a\0b", 3),
               std::string(65, 'x'), std::string(55, 'x') + "#ephemeral");
  CAPTURE(name);
  CHECK_FALSE(is_valid_name(name));
}

TEST_CASE("a byte is allowed in a name or not, whatever surrounds it", "[wire][names]") {
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    CAPTURE(value);
    CHECK(is_valid_name(std::string(1, c)) == allowed);
    CHECK(is_valid_name(std::string("x") + c + "x") == allowed);
  }
}

TEST_CASE("only the literal suffix makes a name ephemeral", "[wire][names]") {
  CHECK(is_ephemeral("a#ephemeral"));
  CHECK_FALSE(is_ephemeral("ephemeral"));
  CHECK_FALSE(is_ephemeral("a"));
  CHECK_FALSE(is_ephemeral(""));
  CHECK(TopicName::parse("t#ephemeral")->ephemeral());
  CHECK_FALSE(TopicName::parse("t")->ephemeral());
}

TEST_CASE("parsing a name keeps its text or says which kind of name is wrong", "[wire][names]") {
  const auto topic = TopicName::parse("orders");
  REQUIRE(topic.has_value());
  CHECK(topic->view() == "orders");
  CHECK(*topic == "orders");

  const auto bad_topic = TopicName::parse("a b");
  REQUIRE_FALSE(bad_topic.has_value());
  CHECK(bad_topic.error().code == Errc::bad_name);
  CHECK(bad_topic.error().text() == "invalid topic name");
  CHECK(ChannelName::parse("").error().text() == "invalid channel name");
}

TEST_CASE("names order and hash by their bytes", "[wire][names]") {
  const auto a = *TopicName::parse("a");
  const auto b = *TopicName::parse("b");
  CHECK(a < b);
  CHECK(a != b);
  CHECK(a == *TopicName::parse("a"));
  CHECK(NameHash()(a) == NameHash()(std::string_view("a")));
  CHECK(std::hash<TopicName>()(a) == hash_value(a));
}

TEST_CASE("a table of names is searched by text without a copy", "[wire][names]") {
  boost::unordered_flat_map<TopicName, int, NameHash, NameEqual> table;
  table.emplace(*TopicName::parse("orders"), 7);
  CHECK(table.find(std::string_view("orders"))->second == 7);
  CHECK(table.find(*TopicName::parse("orders"))->second == 7);
  CHECK(table.find(std::string_view("order")) == table.end());

  std::unordered_map<ChannelName, int> standard;
  standard.emplace(*ChannelName::parse("c"), 1);
  CHECK(standard.contains(*ChannelName::parse("c")));
}
