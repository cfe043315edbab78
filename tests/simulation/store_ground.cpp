#include "tests/simulation/ground.hpp"

namespace nsqd::sim {

std::unique_ptr<Ground> make_store_ground() {
  return nullptr;
}

}  // namespace nsqd::sim
