#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "clients/nsq/config.hpp"
#include "clients/nsq/testing/fake_nsqd.hpp"

namespace nsq::client::test {

namespace asio = boost::asio;
using testing::FakeClient;
using testing::FakeMessage;
using testing::FakeNsqd;

/// One loop on which the code under test and the scripted nsqds live. play() runs two sides at
/// once to their ends; a minute without an end is a failure.
struct Stage {
  asio::io_context io;
  FakeNsqd nsqd{io.get_executor()};

  void play(asio::awaitable<void> script, asio::awaitable<void> test) {
    using namespace asio::experimental::awaitable_operators;
    run(std::move(script) && std::move(test));
  }

  void run(asio::awaitable<void> test) {
    std::exception_ptr error;
    bool done = false;
    asio::co_spawn(io, std::move(test), [&](std::exception_ptr e) {
      error = std::move(e);
      done = true;
    });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    io.restart();
    while (!done && io.run_one_until(deadline) > 0) {
    }
    if (error) std::rethrow_exception(error);
    if (!done) throw std::runtime_error("the test does not end");
  }
};

/// Lets the loop run until `condition` holds.
inline asio::awaitable<void> until(std::function<bool()> condition) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  while (!condition()) {
    pause.expires_after(std::chrono::milliseconds(1));
    co_await pause.async_wait(asio::use_awaitable);
  }
}

inline asio::awaitable<void> nothing() {
  co_return;
}

/// Options with delays that a test can wait for.
inline Config quick_config() {
  Config config;
  config.values.reconnect_min = std::chrono::milliseconds(1);
  config.values.reconnect_max = std::chrono::milliseconds(5);
  return config;
}

/// The id of the message with this number, 16 bytes.
inline std::string id(int number) {
  std::string text = std::to_string(number);
  return std::string(16 - text.size(), '0') + text;
}

inline std::string text_of(const Result<void>& result) {
  return result ? "" : result.error().text();
}

}  // namespace nsq::client::test
