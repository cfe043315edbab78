#include <algorithm>
#include <string>

#include "common/base/assert.hpp"
#include "common/wire/body.hpp"
#include "tests/fuzz/targets.hpp"

namespace nsq::fuzz {
namespace {

using namespace nsq::wire;

constexpr MpubLimits kLimits{.max_msg_size = 64, .max_body_size = 512};

void check_complete(const MpubParser& parser, std::string_view input) {
  NSQ_ASSERT(parser.consumed() <= input.size());
  NSQ_ASSERT(parser.message_count() > 0);
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (const std::string_view message : parser.messages(input)) {
    NSQ_ASSERT(!message.empty() && message.size() <= 64);
    NSQ_ASSERT(message.data() + message.size() <= input.data() + parser.consumed());
    bytes += message.size();
    ++count;
  }
  NSQ_ASSERT(count == parser.message_count());
  NSQ_ASSERT(bytes == parser.message_bytes());
}

void check_unfinished(const MpubParser& parser, std::string_view input) {
  const auto error = body_error(Command::mpub, parser.fault());
  NSQ_ASSERT(error.fatal && error.description.starts_with("MPUB "));
  if (parser.status() != BodyStatus::need_more) return;
  NSQ_ASSERT(parser.needed() > input.size());
  NSQ_ASSERT(parser.needed() <= 4 + static_cast<std::size_t>(kLimits.max_body_size));
}

// Byte by byte must come to the same as all at once, and as early as the bytes show it.
void check_pieces(const MpubParser& whole, std::string_view input) {
  MpubParser parser(kLimits);
  const std::size_t end = std::min<std::size_t>(input.size(), 600);
  for (std::size_t have = 0; have <= end; ++have) {
    if (parser.advance(input.substr(0, have)) != BodyStatus::need_more) break;
  }
  NSQ_ASSERT(parser.status() == whole.status());
  NSQ_ASSERT(parser.fault().kind == whole.fault().kind);
  if (whole.status() != BodyStatus::complete) {
    NSQ_ASSERT(body_error(Command::mpub, parser.fault()) ==
               body_error(Command::mpub, whole.fault()));
  } else {
    NSQ_ASSERT(parser.consumed() == whole.consumed());
    NSQ_ASSERT(parser.message_bytes() == whole.message_bytes());
  }
}

void check_sized_body(std::string_view input) {
  const SizedBody body = parse_sized_body(input, kLimits.max_body_size);
  if (body.status == BodyStatus::complete) {
    NSQ_ASSERT(body.consumed == body.body.size() + 4 && body.consumed <= input.size());
    NSQ_ASSERT(!body.body.empty());
    return;
  }
  NSQ_ASSERT(body.status == BodyStatus::rejected || body.needed > input.size());
  for (const auto command : {Command::pub, Command::dpub, Command::identify, Command::auth}) {
    NSQ_ASSERT(body_error(command, body.fault).description.starts_with(to_string(command)));
  }
}

}  // namespace

void fuzz_mpub(std::string_view input) {
  MpubParser parser(kLimits);
  if (parser.advance(input) == BodyStatus::complete) {
    check_complete(parser, input);
  } else {
    check_unfinished(parser, input);
  }
  check_pieces(parser, input);
  check_sized_body(input);
}

}  // namespace nsq::fuzz
