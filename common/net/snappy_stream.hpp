#pragma once

#include <memory>
#include <string>

#include "common/net/byte_stream.hpp"

namespace nsq::net {

/// Snappy's framing format over another stream, in both directions. Source: spec/nsqd.md 2.4.
///
/// Every write_some() ends with whole chunks, so nothing waits for a flush; a chunk holds at most
/// 64 KiB, which bounds what a peer's bytes can grow to at a time. Checksums are verified;
/// skippable chunks are skipped without being kept. A stream that breaks the format is
/// Errc::bad_frame.
/// @param received  bytes of the peer's compressed stream that are read already.
std::unique_ptr<ByteStream> make_snappy_stream(std::unique_ptr<ByteStream> below,
                                               std::string received);

}  // namespace nsq::net
