#include "common/wire/client_commands.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "common/wire/body.hpp"
#include "common/wire/number.hpp"

using namespace nsq;
using namespace nsq::wire;

namespace {

const TopicName kTopic = *TopicName::parse("orders");
const ChannelName kChannel = *ChannelName::parse("mail#ephemeral");
const MessageId kId = MessageId::from_number(0x0123456789abcdef);

template <class... Args>
std::string written(void (*append)(std::string&, Args...), std::type_identity_t<Args>... args) {
  std::string out = "before ";
  append(out, args...);
  REQUIRE(out.starts_with("before "));
  return out.substr(7);
}

}  // namespace

TEST_CASE("commands are written as they go over the wire", "[wire][client_commands]") {
  using namespace std::string_literals;
  CHECK(written(append_identify, "{}") == "IDENTIFY\n\0\0\0\x02{}"s);
  CHECK(written(append_auth, "secret") == "AUTH\n\0\0\0\x06secret"s);
  CHECK(written(append_sub, kTopic, kChannel) == "SUB orders mail#ephemeral\n");
  CHECK(written(append_pub, kTopic, "hi") == "PUB orders\n\0\0\0\x02hi"s);
  CHECK(written(append_dpub, kTopic, 3600000U, "hi") == "DPUB orders 3600000\n\0\0\0\x02hi"s);
  CHECK(written(append_rdy, 0U) == "RDY 0\n");
  CHECK(written(append_rdy, 2500U) == "RDY 2500\n");
  CHECK(written(append_fin, kId) == "FIN 0123456789abcdef\n");
  CHECK(written(append_req, kId, 90000U) == "REQ 0123456789abcdef 90000\n");
  CHECK(written(append_touch, kId) == "TOUCH 0123456789abcdef\n");
  CHECK(written(append_nop) == "NOP\n");
  CHECK(written(append_cls) == "CLS\n");
}

TEST_CASE("a batch is written with its size and its count", "[wire][client_commands]") {
  using namespace std::string_literals;
  const std::string expected = "MPUB orders\n\0\0\0\x0f\0\0\0\x02\0\0\0\x01x\0\0\0\x02yz"s;
  const std::vector<std::string_view> views{"x", "yz"};
  const std::vector<std::string> strings{"x", "yz"};
  std::string from_views;
  append_mpub(from_views, kTopic, std::span<const std::string_view>(views));
  std::string from_strings;
  append_mpub(from_strings, kTopic, std::span<const std::string>(strings));
  CHECK(from_views == expected);
  CHECK(from_strings == expected);
}

TEST_CASE("the server reads a batch as the client wrote it", "[wire][client_commands]") {
  rc::prop("parse ∘ write = id", [] {
    const auto bodies = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(
        rc::gen::nonEmpty(rc::gen::arbitrary<std::string>())));
    std::string out;
    append_mpub(out, kTopic, std::span<const std::string>(bodies));

    CommandLine line;
    RC_ASSERT(parse_command_line(out, line) == LineStatus::complete);
    RC_ASSERT(line.command == Command::mpub);
    RC_ASSERT(line.params[0] == kTopic.view());
    const auto rest = std::string_view(out).substr(line.consumed);
    MpubParser parser({.max_msg_size = 1 << 20, .max_body_size = 5 << 20});
    RC_ASSERT(parser.advance(rest) == BodyStatus::complete);
    RC_ASSERT(parser.consumed() == rest.size());
    std::vector<std::string> read;
    for (const auto body : parser.messages(rest)) read.emplace_back(body);
    RC_ASSERT(read == bodies);
  });
}

TEST_CASE("the server reads a deferred publish as the client wrote it", "[wire][client_commands]") {
  rc::prop("parse ∘ write = id", [](std::uint64_t delay, const std::string& body) {
    RC_PRE(!body.empty());
    std::string out;
    append_dpub(out, kTopic, delay, body);
    CommandLine line;
    RC_ASSERT(parse_command_line(out, line) == LineStatus::complete);
    RC_ASSERT(line.command == Command::dpub);
    RC_ASSERT(parse_decimal(line.params[1]).value() == delay);
    const auto read = parse_sized_body(std::string_view(out).substr(line.consumed), 1 << 20);
    RC_ASSERT(read.body == body);
    RC_ASSERT(line.consumed + read.consumed == out.size());
  });
}
