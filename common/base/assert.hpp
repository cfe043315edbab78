#pragma once

namespace nsq {

/// Logs the broken invariant to stderr and aborts. Call it through NSQ_ASSERT.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace nsq

/// Checks an invariant in all builds. For bugs only: bad input is an Error, never an assertion.
#define NSQ_ASSERT(expression)                        \
  (__builtin_expect(static_cast<bool>(expression), 1) \
       ? (void)0                                      \
       : ::nsq::assertion_failed(#expression, __FILE__, __LINE__))
