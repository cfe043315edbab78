#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.hpp"

// What libFuzzer calls. NSQ_FUZZ_TARGET is the target's function, set per program by CMake.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  nsq::fuzz::NSQ_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
