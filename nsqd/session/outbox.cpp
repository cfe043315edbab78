#include "nsqd/session/outbox.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "nsqd/queue/frame.hpp"

namespace nsqd {

using nsq::net::IoResult;
using nsq::net::IoStatus;

namespace {

/// Up to and including the attempts: what differs between the deliveries of one message.
constexpr std::size_t kVaryingBytes = kFrameIdAt;

void write_redelivery_header(char* to, const Run& run) noexcept {
  std::memcpy(to, run.frames().data(), kVaryingBytes);
  nsq::store_be16(to + kFrameAttemptsAt, next_attempts(run.attempts));
}

iovec part(const char* data, std::size_t bytes) noexcept {
  return {const_cast<char*>(data), bytes};  // iovec serves reads too, hence has no const
}

/// Calls `piece(run)` for `run` as it goes out: a first delivery lies in its block as it is, of a
/// redelivered run each message gets its own header.
template <class Function>
void for_each_message(Run run, Function&& piece) {
  while (run.count > 1) piece(split_front(run, 1));
  piece(run);
}

}  // namespace

IoResult Outbox::send(nsq::net::ByteStream& stream, std::string frames, std::span<const Run> runs,
                      Scratch& scratch) {
  std::size_t redelivered = 0;
  for (const Run& run : runs) redelivered += run.attempts > 0 ? run.count : 0;
  scratch.headers.resize(redelivered * kVaryingBytes);
  char* header = scratch.headers.data();
  auto& parts = scratch.parts;
  parts.clear();
  if (!frames.empty()) parts.push_back(part(frames.data(), frames.size()));
  for (const Run& run : runs) {
    if (run.attempts == 0) {
      parts.push_back(part(run.frames().data(), run.bytes()));
      continue;
    }
    for_each_message(run, [&](const Run& message) {
      write_redelivery_header(header, message);
      parts.push_back(part(header, kVaryingBytes));
      parts.push_back(
          part(message.frames().data() + kVaryingBytes, message.bytes() - kVaryingBytes));
      header += kVaryingBytes;
    });
  }
  std::size_t written = 0;
  const IoResult result = write_all(stream, parts, written);
  if (result.status != IoStatus::error) keep(std::move(frames), runs, written);
  return result;
}

IoResult Outbox::resume(nsq::net::ByteStream& stream, Scratch& scratch) {
  auto& parts = scratch.parts;
  parts.clear();
  for (const Piece& piece : backlog_) {
    parts.push_back(part(piece.data() + piece.begin, piece.end - piece.begin));
  }
  std::size_t written = 0;
  IoResult result = write_all(stream, parts, written);
  result.bytes = written;
  auto at = backlog_.begin();
  while (at != backlog_.end() && written >= at->end - at->begin) {
    written -= at->end - at->begin;
    ++at;
  }
  if (at != backlog_.end()) at->begin += written;
  backlog_.erase(backlog_.begin(), at);
  if (backlog_.empty()) backlog_.shrink_to_fit();
  return result;
}

IoResult Outbox::write_all(nsq::net::ByteStream& stream, std::span<iovec> parts,
                           std::size_t& written) {
  while (!parts.empty()) {
    const IoResult result = stream.write_some(parts);
    if (result.status != IoStatus::ok) return result;
    written += result.bytes;
    std::size_t bytes = result.bytes;
    while (!parts.empty() && bytes >= parts.front().iov_len) {
      bytes -= parts.front().iov_len;
      parts = parts.subspan(1);
    }
    if (bytes == 0) continue;
    parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + bytes;
    parts.front().iov_len -= bytes;
  }
  return stream.flush();
}

void Outbox::keep(std::string frames, std::span<const Run> runs, std::size_t written) {
  const auto add = [&](Piece piece) {
    const std::size_t bytes = piece.end - piece.begin;
    const std::size_t gone = std::min(written, bytes);
    written -= gone;
    if (gone == bytes) return;
    piece.begin += gone;
    backlog_.push_back(std::move(piece));
  };
  const std::size_t frame_bytes = frames.size();
  add({nullptr, std::move(frames), 0, frame_bytes});
  for (const Run& run : runs) {
    if (run.attempts == 0) {
      add({run.block, {}, run.begin, run.end});
      continue;
    }
    for_each_message(run, [&](const Run& message) {
      std::string header(kVaryingBytes, '\0');
      write_redelivery_header(header.data(), message);
      add({nullptr, std::move(header), 0, kVaryingBytes});
      add({message.block, {}, message.begin + kVaryingBytes, message.end});
    });
  }
}

}  // namespace nsqd
