#pragma once

#include <mutex>

// Clang's thread-safety attributes: the compiler checks who may touch what under which lock.
#define NSQ_CAPABILITY(x) __attribute__((capability(x)))
#define NSQ_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define NSQ_GUARDED_BY(x) __attribute__((guarded_by(x)))
#define NSQ_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define NSQ_EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__)))
#define NSQ_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define NSQ_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#define NSQ_TRY_ACQUIRE(...) __attribute__((try_acquire_capability(__VA_ARGS__)))
#define NSQ_ACQUIRED_BEFORE(...) __attribute__((acquired_before(__VA_ARGS__)))
#define NSQ_NO_THREAD_SAFETY_ANALYSIS __attribute__((no_thread_safety_analysis))

namespace nsq {

/// A std::mutex that the compiler can check, and that spins for about a microsecond before it
/// sleeps: our critical sections are shorter than waking a thread on a virtual machine (25 us).
class NSQ_CAPABILITY("mutex") Mutex {
 public:
  void lock() NSQ_ACQUIRE() {
    if (!mutex_.try_lock()) lock_slow();
  }
  bool try_lock() NSQ_TRY_ACQUIRE(true) { return mutex_.try_lock(); }
  void unlock() NSQ_RELEASE() { mutex_.unlock(); }

 private:
  void lock_slow() NSQ_NO_THREAD_SAFETY_ANALYSIS;

  std::mutex mutex_;
};

/// Holds a Mutex for a scope.
class NSQ_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) NSQ_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() NSQ_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace nsq
