#include "common/wire/frame.hpp"

#include <string>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "common/base/bytes.hpp"
#include "tests/unit/common/wire/exact_copy.hpp"

using namespace nsq;
using namespace nsq::wire;
using nsq::test::ExactCopy;

namespace {

constexpr std::uint32_t kMax = 1 << 20;

std::string frame_of(FrameType type, std::string_view data) {
  std::string out;
  append_frame(out, type, data);
  return out;
}

std::string header(std::uint32_t size, std::uint32_t type) {
  std::string out(8, '\0');
  store_be32(out.data(), size);
  store_be32(out.data() + 4, type);
  return out;
}

}  // namespace

TEST_CASE("the answer to a wrong magic is one frame of size 18", "[wire][frame]") {
  CHECK(frame_of(FrameType::error, "E_BAD_PROTOCOL") ==
        std::string("\x00\x00\x00\x12\x00\x00\x00\x01", 8) + "E_BAD_PROTOCOL");
}

TEST_CASE("a frame cut at any byte asks for more", "[wire][frame]") {
  const std::string whole = frame_of(FrameType::response, kOk);
  const auto cut = GENERATE_COPY(range(std::size_t{0}, whole.size()));
  const ExactCopy part(std::string_view(whole).substr(0, cut));
  CAPTURE(cut);
  const auto frame = decode_frame(part.view(), kMax);
  REQUIRE_FALSE(frame.has_value());
  CHECK(frame.error().code == Errc::need_more);
}

TEST_CASE("frames written one after the other come back in order", "[wire][frame]") {
  rc::prop("decode ∘ encode = id", [](const std::vector<std::string>& texts) {
    std::string stream;
    for (const auto& text : texts) append_frame(stream, FrameType::response, text);
    const ExactCopy copy(stream);
    std::string_view left = copy.view();
    for (const auto& text : texts) {
      const auto frame = decode_frame(left, kMax);
      RC_ASSERT(frame.has_value());
      RC_ASSERT(frame->type == FrameType::response);
      RC_ASSERT(frame->data == text);
      left.remove_prefix(frame->consumed);
    }
    RC_ASSERT(left.empty());
  });
}

TEST_CASE("sizes that cannot be close the connection at once", "[wire][frame]") {
  const std::uint32_t size = GENERATE(0U, 1U, 3U, 0x80000000U, 0xffffffffU);
  CAPTURE(size);
  const ExactCopy four(header(size, 0).substr(0, 4));
  const auto frame = decode_frame(four.view(), kMax);
  REQUIRE_FALSE(frame.has_value());
  CHECK(frame.error().code == Errc::bad_frame);
}

TEST_CASE("a frame may have the largest size and not one byte more", "[wire][frame]") {
  const std::string largest = frame_of(FrameType::response, std::string(96, 'x'));
  CHECK(decode_frame(largest, 100).value().data.size() == 96);
  const ExactCopy four(header(101, 0).substr(0, 4));
  const auto frame = decode_frame(four.view(), 100);
  REQUIRE_FALSE(frame.has_value());
  CHECK(frame.error().code == Errc::frame_too_large);
}

TEST_CASE("an unknown frame type closes the connection before its data is there", "[wire][frame]") {
  const std::uint32_t type = GENERATE(3U, 256U, 0xffffffffU);
  const ExactCopy eight(header(100, type));
  const auto frame = decode_frame(eight.view(), kMax);
  REQUIRE_FALSE(frame.has_value());
  CHECK(frame.error().code == Errc::bad_frame);
}

TEST_CASE("a frame may be empty", "[wire][frame]") {
  const ExactCopy empty(header(4, 0));
  const auto frame = decode_frame(empty.view(), kMax);
  REQUIRE(frame.has_value());
  CHECK(frame->data.empty());
  CHECK(frame->consumed == 8);
}
