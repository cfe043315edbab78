#include "clients/tools/nsq_bench/command.hpp"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "clients/tools/nsq_bench/payload.hpp"
#include "common/base/bytes.hpp"

using namespace nsq::bench;

TEST_CASE("a PUB is its line, the size and the body", "[nsq_bench][command]") {
  const Command command = make_pub("t", 20);
  CHECK(command.bytes.substr(0, 6) == "PUB t\n");
  CHECK(nsq::load_be32(command.bytes.data() + 6) == 20);
  CHECK(command.first_body == 10);
  CHECK(command.bytes.size() == 30);
}

TEST_CASE("an MPUB's sizes and count agree with its bytes", "[nsq_bench][command]") {
  const Command command = make_mpub("topic", 3, 16);
  const std::string_view bytes = command.bytes;
  REQUIRE(bytes.substr(0, 11) == "MPUB topic\n");
  const char* at = bytes.data() + 11;
  CHECK(nsq::load_be32(at) == bytes.size() - 11 - 4);
  CHECK(nsq::load_be32(at + 4) == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t body = command.first_body + i * command.body_stride;
    CHECK(nsq::load_be32(bytes.data() + body - 4) == 16);
  }
  CHECK(command.first_body + 2 * command.body_stride + 16 == bytes.size());
}

TEST_CASE("an HTTP publish is one whole request", "[nsq_bench][command]") {
  const Command command = make_http_pub("Host: 127.0.0.1:4151\r\n", "a#ephemeral", 16);
  const std::string head =
      "POST /pub?topic=a%23ephemeral HTTP/1.1\r\nHost: 127.0.0.1:4151\r\n"
      "Content-Length: 16\r\n\r\n";
  CHECK(command.bytes.substr(0, command.first_body) == head);
  CHECK(command.bytes.size() == head.size() + 16);
}

TEST_CASE("filling a slot numbers its messages and leaves the others", "[nsq_bench][command]") {
  const Command command = make_mpub("t", 4, 24);
  CommandRing ring(command, 3);
  REQUIRE(ring.bytes().size() == 3 * command.bytes.size());
  const std::uint64_t identity = first_identity(1, 2) + 40;
  ring.fill(1, identity, -5);
  CHECK(ring.bytes().substr(0, ring.command_bytes()) == command.bytes);
  CHECK(ring.bytes().substr(2 * ring.command_bytes()) == command.bytes);
  std::string slot(ring.bytes().substr(ring.command_bytes(), ring.command_bytes()));
  for (std::size_t i = 0; i < 4; ++i) {
    char* body = slot.data() + command.first_body + i * command.body_stride;
    CHECK(load_identity(body) == identity + i);
    CHECK(load_time(body) == -5);
    store_payload(body, 0, 0);
  }
  CHECK(slot == command.bytes);  // nothing but the headers was touched
}

TEST_CASE("bodies of words are others in each sending, behind their identity",
          "[nsq_bench][command]") {
  const Command command = make_mpub("t", 2, 200, Filling::words);
  CommandRing ring(command, 1);
  const auto body = [&](std::size_t index) {
    return std::string(ring.bytes().substr(command.first_body + index * command.body_stride, 200));
  };
  const std::uint64_t identity = first_identity(1, 2);
  ring.fill(0, identity, 7);
  const std::string first = body(0);
  const std::string second = body(1);
  ring.fill(0, identity, 7);
  CHECK(first != body(0));
  CHECK(first.substr(kPayloadBytes) != second.substr(kPayloadBytes));
  for (const std::string& each : {first, second, body(0), body(1)}) {
    const std::string words = each.substr(kPayloadBytes);
    CHECK(words.find_first_not_of("abcdefghijklmnopqrstuvwxyz ") == std::string::npos);
    CHECK(words.contains(' '));
  }
  CHECK(load_identity(second.data()) == identity + 1);
  CHECK(load_time(second.data()) == 7);
}

TEST_CASE("a body of words may be longer than the text they are cut from", "[nsq_bench][command]") {
  CommandRing ring(make_pub("t", 3 << 20, Filling::words), 1);
  ring.fill(0, 1, 1);
  CHECK(ring.bytes().substr(ring.bytes().size() - (3 << 20) + kPayloadBytes).find('\0') ==
        std::string_view::npos);
}

TEST_CASE("a DPUB's delay is written into its fixed field", "[nsq_bench][command]") {
  CommandRing ring(make_dpub("t", 16), 2);
  CHECK(ring.bytes().substr(0, 18) == "DPUB t 0000000000\n");
  ring.set_delay(1, 9'876'543'210);
  CHECK(ring.bytes().substr(ring.command_bytes(), 18) == "DPUB t 9876543210\n");
  ring.set_delay(1, 42);
  CHECK(ring.bytes().substr(ring.command_bytes(), 18) == "DPUB t 0000000042\n");
  CHECK(ring.bytes().substr(0, 18) == "DPUB t 0000000000\n");
}
