#include "common/base/mutex.hpp"

namespace nsq {

void Mutex::lock_slow() {
  constexpr int kSpins = 60;
  for (int i = 0; i < kSpins; ++i) {
    for (int pause = 0; pause < 8; ++pause) {
#if defined(__x86_64__)
      __builtin_ia32_pause();
#elif defined(__aarch64__)
      asm volatile("yield");
#endif
    }
    if (mutex_.try_lock()) return;
  }
  mutex_.lock();
}

}  // namespace nsq
