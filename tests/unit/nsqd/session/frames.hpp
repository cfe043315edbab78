#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire/frame.hpp"

namespace nsqd {

using Texts = std::vector<std::string>;

/// The data of each frame in `bytes`, which must be whole frames.
inline Texts texts(std::string_view bytes) {
  Texts all;
  while (!bytes.empty()) {
    const auto frame = nsq::wire::decode_frame(bytes, UINT32_MAX >> 1).value();
    all.emplace_back(frame.data);
    bytes.remove_prefix(frame.consumed);
  }
  return all;
}

}  // namespace nsqd
