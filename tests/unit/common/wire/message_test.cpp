#include "common/wire/message.hpp"

#include <string>
#include <unordered_set>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <rapidcheck/catch.h>

#include "common/wire/frame.hpp"
#include "tests/unit/common/wire/exact_copy.hpp"

using namespace nsq;
using namespace nsq::wire;
using nsq::test::ExactCopy;

TEST_CASE("an id is sixteen lower-case hex digits of its number", "[wire][message]") {
  const auto [number, text] = GENERATE(table<std::uint64_t, std::string>({
      {0, "0000000000000000"},
      {1, "0000000000000001"},
      {0x0123456789abcdef, "0123456789abcdef"},
      {0xfedcba9876543210, "fedcba9876543210"},
      {UINT64_MAX, "ffffffffffffffff"},
  }));
  CHECK(MessageId::from_number(number).view() == text);
  CHECK(id_from_hex(text.data()) == number);
}

TEST_CASE("only lower-case hex digits read as a number", "[wire][message]") {
  const std::string valid = "0123456789abcdef";
  const std::string digits = "0123456789abcdef";
  for (std::size_t at = 0; at < valid.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string text = valid;
      text[at] = static_cast<char>(value);
      CAPTURE(at, value);
      const bool is_digit = digits.find(static_cast<char>(value)) != std::string::npos;
      REQUIRE(id_from_hex(ExactCopy(text).view().data()).has_value() == is_digit);
    }
  }
}

TEST_CASE("hex there and back is the number", "[wire][message]") {
  rc::prop("from_hex ∘ to_hex = id", [](std::uint64_t number) {
    const auto id = MessageId::from_number(number);
    RC_ASSERT(id.view() == fmt::format("{:016x}", number));
    RC_ASSERT(id.number() == number);
  });
}

TEST_CASE("an id is any sixteen bytes and no other length", "[wire][message]") {
  CHECK(MessageId::from("0123456789ABCDEF").value().view() == "0123456789ABCDEF");
  CHECK_FALSE(MessageId::from("0123456789ABCDEF").value().number().has_value());
  CHECK_FALSE(MessageId::from("").has_value());
  CHECK_FALSE(MessageId::from("abc").has_value());
  CHECK_FALSE(MessageId::from("0123456789abcde").has_value());
  CHECK_FALSE(MessageId::from("0123456789abcdef0").has_value());
}

TEST_CASE("ids compare as bytes and hash to different values", "[wire][message]") {
  CHECK(MessageId::from_number(1) < MessageId::from_number(2));
  CHECK(MessageId::from_number(0xff) > MessageId::from_number(0x1f));
  CHECK(*MessageId::from("\xff               ") > *MessageId::from("a               "));
  CHECK(MessageId::from_number(5) == MessageId::from_number(5));

  std::unordered_set<std::size_t> hashes;
  for (std::uint64_t i = 0; i < 4096; ++i)
    hashes.insert(hash_value(MessageId::from_number(i << 12)));
  CHECK(hashes.size() == 4096);
}

TEST_CASE("a message frame has the layout of the protocol", "[wire][message]") {
  const std::string expected = std::string("\x00\x00\x00\x20\x00\x00\x00\x02", 8) +
                               std::string("\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02", 10) +
                               "0123456789abcdef" + "hi";
  std::string frame(message_frame_bytes(2), '?');
  const char* end = write_message_frame(frame.data(), 0x0102030405060708, 0x0102,
                                        MessageId::from_number(0x0123456789abcdef), "hi");
  CHECK(end == frame.data() + frame.size());
  CHECK(frame == expected);
}

TEST_CASE("a written message decodes to itself", "[wire][message]") {
  rc::prop("decode ∘ encode = id", [](std::int64_t timestamp, std::uint16_t attempts,
                                      std::uint64_t number, const std::string& body) {
    std::string bytes(message_frame_bytes(body.size()), '\0');
    const auto id = MessageId::from_number(number);
    write_message_frame(bytes.data(), timestamp, attempts, id, body);
    const ExactCopy copy(bytes);

    const auto frame = decode_frame(copy.view(), 1 << 20);
    RC_ASSERT(frame.has_value());
    RC_ASSERT(frame->type == FrameType::message);
    RC_ASSERT(frame->consumed == bytes.size());
    const auto message = decode_message(frame->data);
    RC_ASSERT(message.has_value());
    RC_ASSERT(message->timestamp_ns == timestamp);
    RC_ASSERT(message->attempts == attempts);
    RC_ASSERT(message->id == id);
    RC_ASSERT(message->body == body);
  });
}

TEST_CASE("a message shorter than its header breaks the protocol", "[wire][message]") {
  const std::string data(kMessageHeaderBytes, 'x');
  for (std::size_t cut = 0; cut < data.size(); ++cut) {
    CAPTURE(cut);
    const ExactCopy part(std::string_view(data).substr(0, cut));
    const auto message = decode_message(part.view());
    REQUIRE_FALSE(message.has_value());
    CHECK(message.error().code == Errc::bad_frame);
  }
  const ExactCopy whole(data);
  CHECK(decode_message(whole.view()).value().body.empty());
}
