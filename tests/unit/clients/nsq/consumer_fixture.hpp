#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "clients/nsq/consumer.hpp"
#include "tests/unit/clients/nsq/client_fixture.hpp"

namespace nsq::client::test {

struct ConsumerStage : Stage {
  std::unique_ptr<Consumer> consumer;
  std::vector<std::string> handled;

  ConsumerSetup setup(Config config) {
    ConsumerSetup s;
    s.topic = "t";
    s.channel = "c";
    s.config = std::move(config);
    return s;
  }
  explicit ConsumerStage(Config config = quick_config()) { make(setup(std::move(config))); }
  void make(ConsumerSetup s) {
    auto made = Consumer::create(io.get_executor(), std::move(s));
    REQUIRE(made.has_value());
    consumer = *std::move(made);
  }
  /// Handles on the loop: notes the body and returns what `verdict` does.
  void handle(std::function<Result<void>(const Message&)> verdict) {
    auto added = consumer->add_async_handler(
        [this, verdict](Message message) -> asio::awaitable<Result<void>> {
          handled.emplace_back(message.body());
          co_return verdict(message);
        });
    REQUIRE(added.has_value());
  }
  void finish_all() {
    handle([](const Message&) { return Result<void>(); });
  }
  asio::awaitable<void> connect(ConnectMode mode = ConnectMode::fail_fast) {
    auto connected = co_await consumer->connect(nsqd.address(), mode);
    if (!connected) throw std::runtime_error(connected.error().text());
  }
  asio::awaitable<void> connect_and_stop_after(std::function<bool()> condition) {
    co_await connect();
    co_await until(std::move(condition));
    consumer->stop();
    co_await consumer->stopped();
  }
};

/// What the server does when the client says goodbye.
inline asio::awaitable<void> see_off(FakeClient& client) {
  co_await client.expect("CLS");
  co_await client.send_response("CLOSE_WAIT");
  const auto rest = co_await client.read_to_end();
  CHECK(rest.empty());
}

/// A gate that a handler's thread waits at.
struct Gate {
  std::mutex mu;
  std::condition_variable changed;
  bool open = false;
  int waiting = 0;

  void wait() {
    std::unique_lock lock(mu);
    ++waiting;
    changed.wait(lock, [this] { return open; });
  }
  void release() {
    const std::lock_guard lock(mu);
    open = true;
    changed.notify_all();
  }
  int entered() {
    const std::lock_guard lock(mu);
    return waiting;
  }
};

}  // namespace nsq::client::test
