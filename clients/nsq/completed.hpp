#pragma once

#include <memory>
#include <utility>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/base/result.hpp"

namespace nsq::client {

/// Awaits what an operation passes to its completion. `start` is called with that completion, which
/// must be called exactly once.
template <class Start>
boost::asio::awaitable<Result<void>> completed(Start start) {
  using Token = boost::asio::use_awaitable_t<>;
  co_return co_await boost::asio::async_initiate<const Token, void(Result<void>)>(
      [start = std::move(start)](auto handler) mutable {
        // std::function copies, handlers only move.
        auto held = std::make_shared<decltype(handler)>(std::move(handler));
        start([held](Result<void> result) { std::move (*held)(std::move(result)); });
      },
      boost::asio::use_awaitable);
}

}  // namespace nsq::client
