#include "tests/fuzz/codec.hpp"

#include <array>
#include <span>

#include "common/base/assert.hpp"
#include "common/base/bytes.hpp"
#include "common/base/errc.hpp"
#include "tests/fuzz/memory_stream.hpp"

namespace nsq::fuzz {
namespace {

using net::IoStatus;

/// A few bytes can stand for a thousand times as many; the first ones show what there is to see.
constexpr std::size_t kEnough = 1_MiB;

struct Decoded {
  std::string text;
  IoStatus end = IoStatus::ok;
};

/// Reads into blocks of exactly `room` bytes, so that the address sanitizer sees a write past them.
Decoded decode(net::ByteStream& layer, std::size_t room) {
  Decoded decoded;
  const auto block = std::make_unique<char[]>(room);
  while (decoded.text.size() < kEnough) {
    const net::IoResult got = layer.read_some({block.get(), room});
    if (got.status != IoStatus::ok) {
      NSQ_ASSERT(got.status == IoStatus::eof || got.status == IoStatus::error);
      NSQ_ASSERT(got.status == IoStatus::eof || got.error == Errc::bad_frame);
      NSQ_ASSERT(got.bytes == 0);
      decoded.end = got.status;
      return decoded;
    }
    NSQ_ASSERT(got.bytes > 0 && got.bytes <= room);
    decoded.text.append(block.get(), got.bytes);
  }
  decoded.text.resize(kEnough);
  return decoded;
}

Decoded decode_all(std::string_view input, const Wrap& wrap) {
  const auto layer = wrap(std::make_unique<MemoryStream>(input, 64_KiB), {});
  return decode(*layer, 100_KiB);
}

/// The first bytes were read before the layer was put on.
Decoded decode_in_pieces(std::string_view input, const Wrap& wrap) {
  const std::string received(input.substr(0, input.size() / 3));
  const auto layer =
      wrap(std::make_unique<MemoryStream>(input.substr(received.size()), 7), received);
  return decode(*layer, 1000);
}

}  // namespace

std::string encoded(std::string_view plain, const Wrap& wrap) {
  std::string wire;
  const auto layer = wrap(std::make_unique<MemoryStream>(std::string_view(), 1, &wire), {});
  while (!plain.empty()) {
    const iovec part{const_cast<char*>(plain.data()), plain.size()};
    const net::IoResult done = layer->write_some({&part, 1});
    NSQ_ASSERT(done.status == IoStatus::ok && done.bytes > 0 && done.bytes <= plain.size());
    plain.remove_prefix(done.bytes);
  }
  NSQ_ASSERT(layer->flush().status == IoStatus::ok && !layer->has_pending());
  return wire;
}

void check_codec(std::string_view input, const Wrap& wrap) {
  const Decoded whole = decode_all(input, wrap);
  const Decoded pieces = decode_in_pieces(input, wrap);
  NSQ_ASSERT(whole.text == pieces.text && whole.end == pieces.end);
  const std::string_view plain = input.substr(0, kEnough - 1);
  const Decoded back = decode_all(encoded(plain, wrap), wrap);
  NSQ_ASSERT(back.text == plain && back.end == IoStatus::eof);
}

}  // namespace nsq::fuzz
