#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "common/base/bytes.hpp"
#include "common/wire/body.hpp"
#include "tests/unit/common/wire/exact_copy.hpp"

using namespace nsq;
using namespace nsq::wire;
using nsq::test::ExactCopy;

namespace {

constexpr MpubLimits kLimits{.max_msg_size = 1048576, .max_body_size = 5242880};

std::string be32(std::int64_t value) {
  std::string out(4, '\0');
  store_be32(out.data(), static_cast<std::uint32_t>(value));
  return out;
}

std::string parts_of(const std::vector<std::string>& messages) {
  std::string out;
  for (const auto& message : messages) {
    out += be32(static_cast<std::int64_t>(message.size())) + message;
  }
  return out;
}

// Count and parts behind a body size that is `surplus` larger than they are.
std::string mpub_of(const std::vector<std::string>& messages, std::int64_t surplus = 0) {
  const std::string parts = parts_of(messages);
  return be32(static_cast<std::int64_t>(parts.size()) + 4 + surplus) +
         be32(static_cast<std::int64_t>(messages.size())) + parts;
}

std::vector<std::string> messages_of(const MpubParser& parser, std::string_view bytes) {
  std::vector<std::string> out;
  for (const std::string_view message : parser.messages(bytes)) out.emplace_back(message);
  return out;
}

std::string told(const MpubParser& parser) {
  return body_error(Command::mpub, parser.fault()).text();
}

std::string rejection(std::string_view bytes, MpubLimits limits = kLimits) {
  const ExactCopy copy(bytes);
  MpubParser parser(limits);
  REQUIRE(parser.advance(copy.view()) == BodyStatus::rejected);
  return told(parser);
}

}  // namespace

TEST_CASE("a batch is read as its messages", "[wire][mpub]") {
  const ExactCopy copy(mpub_of({"one", "two", "three"}) + "NOP\n");
  MpubParser parser(kLimits);
  REQUIRE(parser.advance(copy.view()) == BodyStatus::complete);
  CHECK(parser.message_count() == 3);
  CHECK(parser.message_bytes() == 11);
  CHECK(parser.consumed() == copy.view().size() - 4);
  CHECK(parser.messages(copy.view()).size() == 3);
  CHECK(messages_of(parser, copy.view()) == std::vector<std::string>{"one", "two", "three"});
  CHECK(parser.fault().kind == BodyFault::Kind::none);
}

TEST_CASE("what an MPUB breaks is told in its order", "[wire][mpub]") {
  const auto [bytes, text] = GENERATE(table<std::string, std::string>({
      {be32(-1), "E_BAD_BODY MPUB invalid body size -1"},
      {be32(0), "E_BAD_BODY MPUB invalid body size 0"},
      {be32(5242881), "E_BAD_BODY MPUB body too big 5242881 > 5242880"},
      {be32(5242881) + be32(0), "E_BAD_BODY MPUB body too big 5242881 > 5242880"},
      {be32(100) + be32(0), "E_BAD_BODY MPUB invalid message count 0"},
      {be32(100) + be32(-1), "E_BAD_BODY MPUB invalid message count -1"},
      {be32(100) + be32(1048576), "E_BAD_BODY MPUB invalid message count 1048576"},
      {be32(100) + be32(1) + be32(0), "E_BAD_MESSAGE MPUB invalid message(0) body size 0"},
      {be32(100) + be32(1) + be32(-1), "E_BAD_MESSAGE MPUB invalid message(0) body size -1"},
      {be32(100) + be32(1) + be32(1048577), "E_BAD_MESSAGE MPUB message too big 1048577 > 1048576"},
      {mpub_of({"a", "b", "c", "d", "e", ""}), "E_BAD_MESSAGE MPUB invalid message(5) body size 0"},
  }));
  CHECK(rejection(bytes) == text);
}

TEST_CASE("an MPUB is checked against the limits it is given", "[wire][mpub]") {
  const std::vector<std::string> eleven(11, std::string(100, 'x'));
  CHECK(rejection(mpub_of(eleven), {.max_msg_size = 1000, .max_body_size = 1000}) ==
        "E_BAD_BODY MPUB body too big 1148 > 1000");
  CHECK(rejection(mpub_of({std::string(101, 'x')}),
                  {.max_msg_size = 100, .max_body_size = 5242880}) ==
        "E_BAD_MESSAGE MPUB message too big 101 > 100");

  MpubParser exact({.max_msg_size = 100, .max_body_size = 1148});
  CHECK(exact.advance(mpub_of(eleven)) == BodyStatus::complete);
  MpubParser largest_count(kLimits);
  CHECK(largest_count.advance(be32(100) + be32(1048575)) == BodyStatus::need_more);
}

TEST_CASE("an MPUB cut at any byte asks for more and knows what to say", "[wire][mpub]") {
  const std::string whole = mpub_of({"ab", "cde"});
  const auto cut = GENERATE_COPY(range(std::size_t{0}, whole.size()));
  const ExactCopy part(std::string_view(whole).substr(0, cut));
  CAPTURE(cut);
  MpubParser parser(kLimits);
  REQUIRE(parser.advance(part.view()) == BodyStatus::need_more);
  CHECK(parser.needed() == (cut < 4 ? 4 : whole.size()));
  std::string expected = "E_BAD_MESSAGE MPUB failed to read message body";
  if (cut < 4) {
    expected = "E_BAD_BODY MPUB failed to read body size";
  } else if (cut < 8) {
    expected = "E_BAD_BODY MPUB failed to read message count";
  } else if (cut < 12) {
    expected = "E_BAD_MESSAGE MPUB failed to read message(0) body size";
  } else if (cut >= 14 && cut < 18) {
    expected = "E_BAD_MESSAGE MPUB failed to read message(1) body size";
  }
  CHECK(told(parser) == expected);
}

TEST_CASE("declared bytes behind the last message belong to the body", "[wire][mpub]") {
  const std::string whole = mpub_of({"one"}, 4);
  MpubParser parser(kLimits);
  CHECK(parser.advance(whole) == BodyStatus::need_more);
  CHECK(parser.needed() == whole.size() + 4);
  const std::string more = whole + "junkNOP\n";
  REQUIRE(parser.advance(more) == BodyStatus::complete);
  CHECK(parser.consumed() == whole.size() + 4);
  CHECK(parser.message_bytes() == 3);
  CHECK(messages_of(parser, more) == std::vector<std::string>{"one"});
}

TEST_CASE("messages may run past the declared size", "[wire][mpub]") {
  const std::string whole = mpub_of({"one", "two"}, -10);
  const ExactCopy copy(whole + "NOP\n");
  MpubParser parser(kLimits);
  REQUIRE(parser.advance(copy.view()) == BodyStatus::complete);
  CHECK(parser.consumed() == whole.size());
  CHECK(messages_of(parser, copy.view()) == std::vector<std::string>{"one", "two"});
}

TEST_CASE("messages do not run past the largest body", "[wire][mpub]") {
  // 4 for the count, 4 + 90 for each: the sixth ends at 568.
  const std::vector<std::string> six(6, std::string(90, 'x'));
  CHECK(rejection(mpub_of(six, -500), {.max_msg_size = 100, .max_body_size = 500}) ==
        "E_BAD_BODY MPUB body too big 568 > 500");
}

TEST_CASE("a batch that comes in pieces is the same batch", "[wire][mpub]") {
  rc::prop("decode in pieces ∘ encode = id", [] {
    const auto texts = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(
        rc::gen::nonEmpty(rc::gen::arbitrary<std::string>())));
    const std::string whole = mpub_of(texts);
    MpubParser parser(kLimits);
    std::size_t have = 0;
    while (have < whole.size()) {
      const ExactCopy part(std::string_view(whole).substr(0, have));  // moves with each call
      RC_ASSERT(parser.advance(part.view()) == BodyStatus::need_more);
      RC_ASSERT(parser.needed() > have);
      have += *rc::gen::inRange<std::size_t>(1, 40);
    }
    const ExactCopy all(whole);
    RC_ASSERT(parser.advance(all.view()) == BodyStatus::complete);
    RC_ASSERT(messages_of(parser, all.view()) == texts);
    RC_ASSERT(parser.consumed() == whole.size());
  });
}

TEST_CASE("a finished parser keeps its answer", "[wire][mpub]") {
  MpubParser parser(kLimits);
  CHECK(parser.advance(be32(0)) == BodyStatus::rejected);
  CHECK(parser.advance(mpub_of({"one"})) == BodyStatus::rejected);
}
