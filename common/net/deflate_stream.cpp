#include "common/net/deflate_stream.hpp"

#include <zlib.h>

#include <algorithm>
#include <new>
#include <utility>

#include "common/base/errc.hpp"
#include "common/net/codec_buffers.hpp"
#include "common/net/stream_layer.hpp"

namespace nsq::net {
namespace {

/// DEFLATE without a header, with its largest window.
constexpr int kRaw = -MAX_WBITS;
constexpr int kMemoryLevel = 8;
/// What one write_some() compresses before the stream below has its say.
constexpr std::size_t kBatchBytes = 256 * 1024;

class Compressor {
 public:
  explicit Compressor(int level) {
    if (deflateInit2(&state_, level, Z_DEFLATED, kRaw, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Compressor() { deflateEnd(&state_); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  /// Compresses `bytes` of `data` to the end of `out`. Some of it may stay inside until a call with
  /// Z_SYNC_FLUSH.
  void run(const char* data, std::size_t bytes, int mode, EncodeBuffer& out) {
    state_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data));
    state_.avail_in = static_cast<uInt>(bytes);
    do {
      const std::span<char> room = out.room(kStep);
      state_.next_out = reinterpret_cast<Bytef*>(room.data());
      state_.avail_out = static_cast<uInt>(room.size());
      deflate(&state_, mode);
      out.commit(room.size() - state_.avail_out);
      // Room left over means that it has nothing more to say.
    } while (state_.avail_out == 0);
  }

 private:
  static constexpr std::size_t kStep = 16 * 1024;
  z_stream state_{};
};

class Decompressor {
 public:
  Decompressor() {
    if (inflateInit2(&state_, kRaw) != Z_OK) throw std::bad_alloc();
  }
  ~Decompressor() { inflateEnd(&state_); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  /// Decodes from the front of `in` to the front of `into`; both shrink. @return zlib's verdict.
  int run(std::string_view& in, std::span<char>& into) {
    state_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    state_.avail_in = static_cast<uInt>(in.size());
    state_.next_out = reinterpret_cast<Bytef*>(into.data());
    state_.avail_out = static_cast<uInt>(into.size());
    const int result = inflate(&state_, Z_SYNC_FLUSH);
    in.remove_prefix(in.size() - state_.avail_in);
    into = into.subspan(into.size() - state_.avail_out);
    return result;
  }

 private:
  z_stream state_{};
};

class DeflateStream final : public StreamLayer {
 public:
  DeflateStream(std::unique_ptr<ByteStream> below, std::string received, int level)
      : StreamLayer(std::move(below)), compressor_(level), encoded_(std::move(received)) {
    holds_input_ = !encoded_.empty();
  }

  IoResult read_some(std::span<char> into) override;
  IoResult write_some(std::span<const iovec> parts) override;
  bool has_pending() const noexcept override { return unflushed_ || StreamLayer::has_pending(); }
  IoResult flush() override;
  void shutdown_send() noexcept override;
  void close() noexcept override;

 private:
  void finish() noexcept;
  static EncodeBuffer& output() {
    thread_local EncodeBuffer out;
    out.clear();
    return out;
  }

  Compressor compressor_;
  Decompressor decompressor_;
  std::string encoded_;     // input that is not decoded yet
  bool unflushed_ = false;  // the compressor holds back something
  bool finished_ = false;   // we have ended ours
  bool ended_ = false;      // the peer has ended its
};

IoResult DeflateStream::read_some(std::span<char> into) {
  if (ended_) return {.status = IoStatus::eof};
  DecodeBuffer input(below(), encoded_);
  std::span<char> room = into;
  for (;;) {
    const int result = decompressor_.run(input.unread(), room);
    ended_ = result == Z_STREAM_END;
    const bool broken = !ended_ && result != Z_OK && result != Z_BUF_ERROR;
    if (const std::size_t bytes = into.size() - room.size(); bytes > 0) {
      // A full `into` may mean that more is held; an end or an error is found again.
      holds_input_ = room.empty() || ended_ || broken || !input.unread().empty();
      input.keep_rest();
      return {.bytes = bytes};
    }
    if (ended_) return {.status = IoStatus::eof};
    if (broken) return {.status = IoStatus::error, .error = make_error_code(Errc::bad_frame)};
    const IoResult got = input.fill();
    if (got.status != IoStatus::ok) {
      holds_input_ = false;
      input.keep_rest();
      return got;
    }
  }
}

IoResult DeflateStream::write_some(std::span<const iovec> parts) {
  if (finished_) return {.status = IoStatus::error, .error = make_error_code(Errc::closed)};
  if (const IoResult clear = push_pending(); clear.status != IoStatus::ok) return clear;
  EncodeBuffer& out = output();
  std::size_t accepted = 0;
  for (const iovec& part : parts) {
    if (accepted == kBatchBytes) break;
    const std::size_t some = std::min(part.iov_len, kBatchBytes - accepted);
    if (some == 0) continue;
    compressor_.run(static_cast<const char*>(part.iov_base), some, Z_NO_FLUSH, out);
    accepted += some;
  }
  unflushed_ = unflushed_ || accepted > 0;
  const IoResult sent = push(out.view());
  return sent.status == IoStatus::ok ? IoResult{.bytes = accepted} : sent;
}

IoResult DeflateStream::flush() {
  if (std::exchange(unflushed_, false)) {
    EncodeBuffer& out = output();
    compressor_.run(nullptr, 0, Z_SYNC_FLUSH, out);
    const IoResult sent = push(out.view());
    if (sent.status != IoStatus::ok) return sent;
  }
  return StreamLayer::flush();
}

/// Some clients' decompressors fail on a stream that just stops (nsqjs' ends its process).
void DeflateStream::finish() noexcept {
  if (std::exchange(finished_, true) || native_handle() == -1 || StreamLayer::has_pending()) return;
  EncodeBuffer& out = output();
  compressor_.run(nullptr, 0, Z_FINISH, out);
  unflushed_ = false;
  (void)push(out.view());  // the connection ends in any case
  (void)StreamLayer::flush();
}

void DeflateStream::shutdown_send() noexcept {
  finish();
  StreamLayer::shutdown_send();
}

void DeflateStream::close() noexcept {
  finish();
  StreamLayer::close();
}

}  // namespace

std::unique_ptr<ByteStream> make_deflate_stream(std::unique_ptr<ByteStream> below,
                                                std::string received, int level) {
  return std::make_unique<DeflateStream>(std::move(below), std::move(received), level);
}

}  // namespace nsq::net
