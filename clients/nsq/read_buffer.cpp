#include "clients/nsq/read_buffer.hpp"

#include <algorithm>
#include <cstring>

#include "common/base/bytes.hpp"

namespace nsq::client {

namespace {
constexpr std::size_t kUsualBytes = 64_KiB;
constexpr std::size_t kLeastRoom = 4_KiB;
}  // namespace

ReadBuffer::Room ReadBuffer::room(std::size_t wanted) {
  const std::size_t held = end_ - begin_;
  const std::size_t needed = std::max({wanted, held + kLeastRoom, kUsualBytes});
  if (needed > capacity_ || (capacity_ > kUsualBytes && needed == kUsualBytes)) {
    auto fresh = std::make_unique_for_overwrite<char[]>(needed);
    if (held != 0) std::memcpy(fresh.get(), bytes_.get() + begin_, held);
    bytes_ = std::move(fresh);
    capacity_ = needed;
    begin_ = 0;
    end_ = held;
  } else if (held == 0) {
    begin_ = end_ = 0;
  } else if (capacity_ - begin_ < wanted || capacity_ - end_ < kLeastRoom) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, held);
    begin_ = 0;
    end_ = held;
  }
  return {bytes_.get() + end_, capacity_ - end_};
}

}  // namespace nsq::client
