#include "clients/nsq/client_ids.hpp"

#include <atomic>

namespace nsq::client {

int next_client_id() noexcept {
  static std::atomic<int> last = 0;
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace nsq::client
