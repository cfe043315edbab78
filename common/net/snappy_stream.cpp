#include "common/net/snappy_stream.hpp"

#include <snappy.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/errc.hpp"
#include "common/net/codec_buffers.hpp"
#include "common/net/crc32c.hpp"
#include "common/net/stream_layer.hpp"

namespace nsq::net {
namespace {

constexpr std::string_view kIdentifier("\xff\x06\x00\x00sNaPpY", 10);
constexpr std::size_t kHeaderBytes = 4;
constexpr std::size_t kChecksumBytes = 4;
/// The most that a chunk holds, uncompressed.
constexpr std::size_t kChunkBytes = 64 * 1024;
/// What one write_some() encodes before the stream below has its say.
constexpr std::size_t kBatchBytes = 512 * 1024;

enum ChunkType : unsigned char {
  kCompressed = 0x00,
  kStored = 0x01,
  kFirstSkippable = 0x80,
  kIdentifierType = 0xff,
};

std::uint32_t masked(std::uint32_t crc) noexcept {
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8;
}

std::uint32_t load_le(const char* from, int bytes) noexcept {
  std::uint32_t value = 0;
  for (int i = bytes; i-- > 0;) value = (value << 8) | static_cast<unsigned char>(from[i]);
  return value;
}

void store_le(char* to, std::uint32_t value, int bytes) noexcept {
  for (int i = 0; i < bytes; ++i, value >>= 8) to[i] = static_cast<char>(value & 0xff);
}

/// Appends `plain` (1 byte to 64 KiB) as a chunk, compressed if that gains an eighth.
void append_chunk(EncodeBuffer& out, std::string_view plain) {
  constexpr std::size_t kBefore = kHeaderBytes + kChecksumBytes;
  char* chunk = out.room(kBefore + snappy::MaxCompressedLength(plain.size())).data();
  std::size_t bytes = 0;
  snappy::RawCompress(plain.data(), plain.size(), chunk + kBefore, &bytes);
  ChunkType type = kCompressed;
  if (bytes >= plain.size() - plain.size() / 8) {
    type = kStored;
    bytes = plain.size();
    std::memcpy(chunk + kBefore, plain.data(), bytes);
  }
  chunk[0] = static_cast<char>(type);
  store_le(chunk + 1, static_cast<std::uint32_t>(bytes + kChecksumBytes), 3);
  store_le(chunk + kHeaderBytes, masked(crc32c(plain)), 4);
  out.commit(kBefore + bytes);
}

class SnappyStream final : public StreamLayer {
 public:
  SnappyStream(std::unique_ptr<ByteStream> below, std::string received)
      : StreamLayer(std::move(below)), encoded_(std::move(received)) {
    holds_input_ = !encoded_.empty();
  }

  IoResult read_some(std::span<char> into) override;
  IoResult write_some(std::span<const iovec> parts) override;

 private:
  enum class Step { decoded, no_room, need_more, corrupt };

  Step decode(std::string_view& in, std::span<char>& into);
  Step decode_data(unsigned char type, std::string_view payload, std::span<char>& into);
  /// Hands out what was decoded beside `into`. @return how much.
  std::size_t take_decoded(std::span<char> into);

  std::string encoded_;          // input that is not decoded yet
  std::string decoded_;          // of a chunk that found no room
  std::size_t decoded_at_ = 0;   // of decoded_, what is handed out
  std::size_t skip_ = 0;         // bytes of a skippable chunk that are still to come
  bool identified_out_ = false;  // we have sent our identifier
  bool identified_in_ = false;
};

IoResult SnappyStream::read_some(std::span<char> into) {
  if (const std::size_t bytes = take_decoded(into); bytes > 0) return {.bytes = bytes};
  std::span<char> room = into;
  DecodeBuffer input(below(), encoded_);
  for (;;) {
    Step step = Step::decoded;
    while (step == Step::decoded && !room.empty()) step = decode(input.unread(), room);
    const std::size_t bytes = into.size() - room.size();
    if (bytes > 0) {
      // A corrupt chunk is found again, behind what came before it.
      holds_input_ = step != Step::need_more;
      input.keep_rest();
      return {.bytes = bytes};
    }
    if (step == Step::corrupt) {
      return {.status = IoStatus::error, .error = make_error_code(Errc::bad_frame)};
    }
    if (step == Step::no_room) {
      // The chunk is larger than `into`: decoded beside it.
      decoded_.resize(kChunkBytes);
      std::span<char> aside(decoded_);
      if (decode(input.unread(), aside) == Step::corrupt) {
        decoded_.clear();
        return {.status = IoStatus::error, .error = make_error_code(Errc::bad_frame)};
      }
      decoded_.resize(kChunkBytes - aside.size());
      input.keep_rest();
      return {.bytes = take_decoded(into)};
    }
    const IoResult got = input.fill();
    if (got.status != IoStatus::ok) {
      holds_input_ = false;
      input.keep_rest();
      return got;
    }
  }
}

std::size_t SnappyStream::take_decoded(std::span<char> into) {
  const std::size_t bytes = std::min(into.size(), decoded_.size() - decoded_at_);
  if (bytes == 0) return 0;
  std::memcpy(into.data(), decoded_.data() + decoded_at_, bytes);
  decoded_at_ += bytes;
  if (decoded_at_ == decoded_.size()) {
    std::string().swap(decoded_);
    decoded_at_ = 0;
  }
  holds_input_ = !decoded_.empty() || !encoded_.empty();
  return bytes;
}

/// Takes one chunk off `in`; its content goes to the front of `into`, which shrinks.
SnappyStream::Step SnappyStream::decode(std::string_view& in, std::span<char>& into) {
  if (skip_ > 0) {
    const std::size_t bytes = std::min(skip_, in.size());
    in.remove_prefix(bytes);
    skip_ -= bytes;
    return skip_ > 0 ? Step::need_more : Step::decoded;
  }
  if (in.size() < kHeaderBytes) return Step::need_more;
  const auto type = static_cast<unsigned char>(in[0]);
  const std::size_t bytes = load_le(in.data() + 1, 3);
  if (!identified_in_ && type != kIdentifierType) return Step::corrupt;
  if (type >= kFirstSkippable && type != kIdentifierType) {
    in.remove_prefix(kHeaderBytes);
    skip_ = bytes;
    return Step::decoded;
  }
  if (type > kStored && type != kIdentifierType) return Step::corrupt;
  if (bytes > kChecksumBytes + snappy::MaxCompressedLength(kChunkBytes)) return Step::corrupt;
  if (in.size() < kHeaderBytes + bytes) return Step::need_more;
  const std::string_view payload = in.substr(kHeaderBytes, bytes);
  if (type == kIdentifierType) {
    if (in.substr(0, kHeaderBytes + bytes) != kIdentifier) return Step::corrupt;
    identified_in_ = true;
  } else if (const Step step = decode_data(type, payload, into); step != Step::decoded) {
    return step;
  }
  in.remove_prefix(kHeaderBytes + bytes);
  return Step::decoded;
}

SnappyStream::Step SnappyStream::decode_data(unsigned char type, std::string_view payload,
                                             std::span<char>& into) {
  if (payload.size() < kChecksumBytes) return Step::corrupt;
  const std::uint32_t checksum = load_le(payload.data(), 4);
  payload.remove_prefix(kChecksumBytes);
  std::size_t bytes = payload.size();
  if (type == kCompressed &&
      !snappy::GetUncompressedLength(payload.data(), payload.size(), &bytes)) {
    return Step::corrupt;
  }
  if (bytes > kChunkBytes) return Step::corrupt;
  if (bytes > into.size()) return Step::no_room;
  if (type == kStored) {
    std::memcpy(into.data(), payload.data(), bytes);
  } else if (!snappy::RawUncompress(payload.data(), payload.size(), into.data())) {
    return Step::corrupt;
  }
  if (masked(crc32c({into.data(), bytes})) != checksum) return Step::corrupt;
  into = into.subspan(bytes);
  return Step::decoded;
}

IoResult SnappyStream::write_some(std::span<const iovec> parts) {
  if (const IoResult clear = push_pending(); clear.status != IoStatus::ok) return clear;
  // Shared by the thread's connections: both are empty again when the call ends.
  thread_local EncodeBuffer out;
  thread_local std::vector<char> gathered;
  out.clear();
  gathered.clear();
  if (!std::exchange(identified_out_, true)) out.append(kIdentifier);
  std::size_t accepted = 0;
  const auto end_chunk = [&] {
    if (!gathered.empty()) append_chunk(out, {gathered.data(), gathered.size()});
    gathered.clear();
  };
  for (const iovec& part : parts) {
    const std::size_t some = std::min(part.iov_len, kBatchBytes - accepted);
    std::string_view rest(static_cast<const char*>(part.iov_base), some);
    accepted += some;
    while (!rest.empty()) {
      const bool whole = gathered.empty() && rest.size() >= kChunkBytes;
      const std::size_t bytes = std::min(rest.size(), kChunkBytes - gathered.size());
      if (whole) {
        append_chunk(out, rest.substr(0, bytes));
      } else {
        gathered.insert(gathered.end(), rest.begin(), rest.begin() + static_cast<long>(bytes));
        if (gathered.size() == kChunkBytes) end_chunk();
      }
      rest.remove_prefix(bytes);
    }
    if (accepted == kBatchBytes) break;
  }
  end_chunk();
  const IoResult sent = push(out.view());
  return sent.status == IoStatus::ok ? IoResult{.bytes = accepted} : sent;
}

}  // namespace

std::unique_ptr<ByteStream> make_snappy_stream(std::unique_ptr<ByteStream> below,
                                               std::string received) {
  return std::make_unique<SnappyStream>(std::move(below), std::move(received));
}

}  // namespace nsq::net
