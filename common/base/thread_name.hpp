#pragma once

#include <pthread.h>

namespace nsq {

/// What debuggers, `top -H`, perf and /debug/threads call the calling thread. At most 15 bytes,
/// else it keeps the process's name.
inline void name_this_thread(const char* name) noexcept {
  ::pthread_setname_np(::pthread_self(), name);
}

}  // namespace nsq
