#include "common/base/clock.hpp"

namespace nsq {

Now read_clock() noexcept {
  return {std::chrono::time_point_cast<Nanoseconds>(std::chrono::steady_clock::now()),
          std::chrono::time_point_cast<Nanoseconds>(std::chrono::system_clock::now())};
}

}  // namespace nsq
