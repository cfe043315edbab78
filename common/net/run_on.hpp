#pragma once

#include <type_traits>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace nsq::net {

/// Runs `work()` on another executor, and goes on here with its result: for what takes so long that
/// the connections of this thread should not wait for it. What it throws is thrown here. It cannot
/// be cancelled: whoever waits, waits for its end.
template <class Executor, class Work>
boost::asio::awaitable<std::invoke_result_t<Work&>> run_on(Executor executor, Work work) {
  using Value = std::invoke_result_t<Work&>;
  // Named first: a coroutine lambda inside the co_await expression would not outlive it.
  auto task = [](Work& kept) -> boost::asio::awaitable<Value> { co_return kept(); };
  co_return co_await boost::asio::co_spawn(executor, task(work), boost::asio::use_awaitable);
}

}  // namespace nsq::net
