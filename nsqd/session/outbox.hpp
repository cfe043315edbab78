#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/net/byte_stream.hpp"
#include "nsqd/queue/block.hpp"
#include "nsqd/session/io_thread.hpp"

namespace nsqd {

/// What a connection still has to send, and the gathering writes that send it. What a write did not
/// take is kept (bytes that are ours as bytes, messages as references to their blocks), so a
/// connection that takes all owns no memory here. Its size is bounded by its user, who adds
/// messages only while it is empty. Not thread-safe.
class Outbox {
 public:
  bool empty() const noexcept { return backlog_.empty(); }

  /// Writes `frames` (encoded replies) and then the messages of `runs` with their attempts counted,
  /// and keeps what the stream does not take. REQUIRES: empty().
  nsq::net::IoResult send(nsq::net::ByteStream& stream, std::string frames,
                          std::span<const Run> runs, Scratch& scratch);

  /// Goes on with what was kept. @return how many bytes the stream took; `ok` when nothing is left.
  nsq::net::IoResult resume(nsq::net::ByteStream& stream, Scratch& scratch);

 private:
  /// Bytes [begin, end) of a block or, without one, of `own`.
  struct Piece {
    BlockPtr block;
    std::string own;
    std::size_t begin = 0;
    std::size_t end = 0;
    const char* data() const noexcept { return block ? block->data() : own.data(); }
  };

  nsq::net::IoResult write_all(nsq::net::ByteStream& stream, std::span<iovec> parts,
                               std::size_t& part);
  void keep(std::string frames, std::span<const Run> runs, std::size_t written);

  std::vector<Piece> backlog_;
};

}  // namespace nsqd
