#include <string>

#include <catch2/catch.hpp>

#include "tests/integration/daemons.hpp"

namespace nsq::test {
namespace {

TEST_CASE("10.4/56 AUTH without an auth server", "[integration]") {
  RawClient client = plain_nsqd().connect();
  CHECK(client.ask("AUTH\n" + be32(6) + "secret") == error("E_AUTH_DISABLED AUTH disabled"));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.4/56 AUTH takes no parameters", "[integration]") {
  RawClient client = plain_nsqd().connect();
  CHECK(client.ask("AUTH x\n") == error("E_INVALID AUTH invalid number of parameters"));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("3 AUTH body sizes", "[integration]") {
  const auto [size, answer] = GENERATE(table<std::uint32_t, std::string>({
      {0, "E_BAD_BODY AUTH invalid body size 0"},
      {0xffffffff, "E_BAD_BODY AUTH invalid body size -1"},
      {5242881, "E_BAD_BODY AUTH body too big 5242881 > 5242880"},
  }));
  RawClient client = plain_nsqd().connect();
  CHECK(client.ask("AUTH\n" + be32(size)) == error(answer));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("3 an AUTH body cut off by a half-close", "[integration]") {
  const auto [sent, answer] = GENERATE(table<std::string, std::string>({
      {be32(6).substr(2), "E_BAD_BODY AUTH failed to read body size"},
      {be32(6) + "sec", "E_BAD_BODY AUTH failed to read body"},
  }));
  RawClient client = plain_nsqd().connect();
  client.send("AUTH\n" + sent);
  client.shutdown_write();
  CHECK(client.read() == error(answer));
  CHECK(client.read_to_end() == "");
}

}  // namespace
}  // namespace nsq::test
