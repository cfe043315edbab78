#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/net/byte_stream.hpp"

namespace nsq::fuzz {

/// Puts a layer on a stream; the second is what was read before.
using Wrap = std::function<std::unique_ptr<net::ByteStream>(std::unique_ptr<net::ByteStream>,
                                                            std::string received)>;

/// Decodes `input` as a peer's compressed stream, at once and in pieces: a layer never reads or
/// writes elsewhere, ends with an end or Errc::bad_frame, and yields the same both times. Then
/// takes `input` for what is to be sent, and gets it back from the other side.
void check_codec(std::string_view input, const Wrap& wrap);

/// What the layer makes of `plain`.
std::string encoded(std::string_view plain, const Wrap& wrap);

}  // namespace nsq::fuzz
