#include <string>

#include "common/base/assert.hpp"
#include "common/wire/frame.hpp"
#include "common/wire/message.hpp"
#include "tests/fuzz/targets.hpp"

namespace nsq::fuzz {
namespace {

using namespace nsq::wire;

constexpr std::uint32_t kMaxSize = 4096;

void check_message(std::string_view data) {
  const auto message = decode_message(data);
  NSQ_ASSERT(message.has_value() == (data.size() >= kMessageHeaderBytes));
  if (!message) return;
  std::string again(message_frame_bytes(message->body.size()), '\0');
  const char* end = write_message_frame(again.data(), message->timestamp_ns, message->attempts,
                                        message->id, message->body);
  NSQ_ASSERT(end == again.data() + again.size());
  NSQ_ASSERT(std::string_view(again).substr(kFrameHeaderBytes) == data);
  const auto number = message->id.number();
  NSQ_ASSERT(!number || MessageId::from_number(*number) == message->id);
}

}  // namespace

void fuzz_frame(std::string_view input) {
  while (true) {
    const auto frame = decode_frame(input, kMaxSize);
    if (!frame) {
      const auto code = frame.error().code;
      NSQ_ASSERT(code == Errc::need_more || code == Errc::frame_too_large ||
                 code == Errc::bad_frame);
      NSQ_ASSERT(code != Errc::need_more || input.size() < 4 + kMaxSize);
      return;
    }
    NSQ_ASSERT(frame->consumed >= kFrameHeaderBytes && frame->consumed <= input.size());
    std::string again;
    append_frame(again, frame->type, frame->data);
    NSQ_ASSERT(again == input.substr(0, frame->consumed));
    if (frame->type == FrameType::message) check_message(frame->data);
    input.remove_prefix(frame->consumed);
  }
}

}  // namespace nsq::fuzz
