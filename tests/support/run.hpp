#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace nsq::test {

/// Runs a coroutine to its end on `context` and returns its value, or throws what it threw. Other
/// work of the context goes on meanwhile.
template <class T>
T run(boost::asio::io_context& context, boost::asio::awaitable<T> work) {
  std::exception_ptr error;
  if constexpr (std::is_void_v<T>) {
    bool done = false;
    boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr e) {
      error = std::move(e);
      done = true;
    });
    context.restart();
    while (!done && context.run_one() > 0) {
    }
    if (error) std::rethrow_exception(error);
  } else {
    std::optional<T> value;
    bool done = false;
    boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr e, T result) {
      error = std::move(e);
      value = std::move(result);
      done = true;
    });
    context.restart();
    while (!done && context.run_one() > 0) {
    }
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
}

/// The same on a fresh context.
template <class T>
T run(boost::asio::awaitable<T> work) {
  boost::asio::io_context context;
  return run(context, std::move(work));
}

}  // namespace nsq::test
