#include "common/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace nsq {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "FATAL: %s:%d: broken invariant: %s\n", file, line, expression);
  std::abort();
}

}  // namespace nsq
