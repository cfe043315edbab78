#pragma once

#include <memory>
#include <string>

#include "common/net/byte_stream.hpp"

namespace nsq::net {

/// Raw DEFLATE (RFC 1951) over another stream, in both directions: one continuous stream each. What
/// is written can be decoded by the peer after flush(), which ends a block with a sync flush. What
/// a peer's bytes grow to is bounded by what the reader asks for. Input that is no DEFLATE is
/// Errc::bad_frame; the end of the peer's stream is an eof. Source: spec/nsqd.md 2.4.
/// @param received  bytes of the peer's compressed stream that are read already.
/// @param level  1 to 9, of what is written.
std::unique_ptr<ByteStream> make_deflate_stream(std::unique_ptr<ByteStream> below,
                                                std::string received, int level);

}  // namespace nsq::net
