#include "common/wire/body.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "common/base/bytes.hpp"
#include "tests/unit/common/wire/exact_copy.hpp"

using namespace nsq;
using namespace nsq::wire;
using nsq::test::ExactCopy;

namespace {

std::string be32(std::int64_t value) {
  std::string out(4, '\0');
  store_be32(out.data(), static_cast<std::uint32_t>(value));
  return out;
}

std::string sized(std::string_view body) {
  return be32(static_cast<std::int64_t>(body.size())) + std::string(body);
}

std::string told(Command command, const SizedBody& body) {
  return body_error(command, body.fault).text();
}

}  // namespace

TEST_CASE("a body is its size and that many bytes", "[wire][body]") {
  const ExactCopy copy(sized("hello") + "NOP\n");
  const SizedBody body = parse_sized_body(copy.view(), 5);
  REQUIRE(body.status == BodyStatus::complete);
  CHECK(body.body == "hello");
  CHECK(body.consumed == 9);
}

TEST_CASE("a body cut at any byte asks for more and knows what to say", "[wire][body]") {
  const std::string whole = sized("hello");
  const auto cut = GENERATE_COPY(range(std::size_t{0}, whole.size()));
  const ExactCopy part(std::string_view(whole).substr(0, cut));
  CAPTURE(cut);
  const SizedBody body = parse_sized_body(part.view(), 100);
  REQUIRE(body.status == BodyStatus::need_more);
  CHECK(body.needed == (cut < 4 ? 4U : 9U));
  const bool in_size = cut < 4;
  CHECK(told(Command::pub, body) == (in_size ? "E_BAD_MESSAGE PUB failed to read message body size"
                                             : "E_BAD_MESSAGE PUB failed to read message body"));
  CHECK(told(Command::dpub, body) == (in_size
                                          ? "E_BAD_MESSAGE DPUB failed to read message body size"
                                          : "E_BAD_MESSAGE DPUB failed to read message body"));
  CHECK(told(Command::identify, body) == (in_size ? "E_BAD_BODY IDENTIFY failed to read body size"
                                                  : "E_BAD_BODY IDENTIFY failed to read body"));
  CHECK(told(Command::auth, body) == (in_size ? "E_BAD_BODY AUTH failed to read body size"
                                              : "E_BAD_BODY AUTH failed to read body"));
}

TEST_CASE("a size that cannot be is refused before the body is there", "[wire][body]") {
  const auto [size, pub, identify] = GENERATE(table<std::int64_t, std::string, std::string>({
      {-1, "PUB invalid message body size -1", "IDENTIFY invalid body size -1"},
      {0, "PUB invalid message body size 0", "IDENTIFY invalid body size 0"},
      {INT32_MIN, "PUB invalid message body size -2147483648",
       "IDENTIFY invalid body size -2147483648"},
      {1048577, "PUB message too big 1048577 > 1048576", "IDENTIFY body too big 1048577 > 1048576"},
      {INT32_MAX, "PUB message too big 2147483647 > 1048576",
       "IDENTIFY body too big 2147483647 > 1048576"},
  }));
  const ExactCopy copy(be32(size));
  const SizedBody body = parse_sized_body(copy.view(), 1048576);
  REQUIRE(body.status == BodyStatus::rejected);
  CHECK(told(Command::pub, body) == "E_BAD_MESSAGE " + pub);
  CHECK(told(Command::dpub, body) == "E_BAD_MESSAGE D" + pub);
  CHECK(told(Command::identify, body) == "E_BAD_BODY " + identify);
  CHECK(told(Command::auth, body) == "E_BAD_BODY AUTH" + identify.substr(8));
  CHECK(body_error(Command::pub, body.fault).fatal);
}

TEST_CASE("a body of exactly the limit is legal", "[wire][body]") {
  const std::string whole = sized(std::string(1048576, 'x'));
  CHECK(parse_sized_body(whole, 1048576).status == BodyStatus::complete);
}

TEST_CASE("a sized body comes back as it was written", "[wire][body]") {
  rc::prop("decode ∘ encode = id", [](const std::string& text, const std::string& next) {
    RC_PRE(!text.empty());
    const ExactCopy copy(sized(text) + next);
    const SizedBody body = parse_sized_body(copy.view(), 1 << 20);
    RC_ASSERT(body.status == BodyStatus::complete);
    RC_ASSERT(body.body == text);
    RC_ASSERT(body.consumed == 4 + text.size());
  });
}
