#include <csignal>
#include <exception>
#include <memory>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/core.h>

#include "clients/nsq/consumer.hpp"
#include "clients/nsq/producer_pool.hpp"

// discover <nsqlookupd host:port> <topic> <channel> [message]...: publishes the messages to any
// nsqd that the nsqlookupd knows, and prints what comes from all of them until SIGINT.

namespace asio = boost::asio;
using namespace nsq;

namespace {

asio::awaitable<Result<void>> print(client::Message message) {
  fmt::print("{} from {}\n", message.body(), message.nsqd().text());
  co_return Result<void>();
}

asio::awaitable<void> publish(client::ProducerPool& pool, std::string topic,
                              std::vector<std::string> messages) {
  for (std::string& message : messages) {
    auto result = co_await pool.publish(topic, message);
    if (!result) {
      const bool maybe = client::outcome_of(result) == client::Outcome::unknown;
      fmt::print(stderr, "{}: {}{}\n", message, result.error().text(),
                 maybe ? " (it may have arrived)" : "");
    }
  }
}

/// Says what is wrong, or nothing.
template <class T>
bool failed(const Result<T>& result) {
  if (!result) fmt::print(stderr, "{}\n", result.error().text());
  return !result;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: {} <nsqlookupd host:port> <topic> <channel> [message]...\n",
               argv[0]);
    return 1;
  }
  auto lookupd = client::LookupdUrl::parse(argv[1]);
  if (failed(lookupd)) return 1;
  asio::io_context loop;

  client::ConsumerSetup consuming;
  consuming.topic = argv[2];
  consuming.channel = argv[3];
  consuming.config.values.max_in_flight = 10;  // over all nsqds together
  auto consumer = client::Consumer::create(loop.get_executor(), std::move(consuming));
  if (failed(consumer)) return 1;
  if (failed((*consumer)->add_async_handler(print))) return 1;
  if (failed((*consumer)->connect_to_nsqlookupd(*lookupd))) return 1;

  client::ProducerPoolSetup producing;
  producing.lookupds = {*lookupd};
  auto pool = client::ProducerPool::create(loop.get_executor(), std::move(producing));
  if (failed(pool)) return 1;

  const auto end = [&](const std::exception_ptr&) { loop.stop(); };
  asio::signal_set interrupt(loop, SIGINT, SIGTERM);
  interrupt.async_wait([&](const boost::system::error_code& code, int) {
    if (!code) (*consumer)->stop();
  });
  const auto ignore = [](const std::exception_ptr&) {};
  asio::co_spawn(loop, publish(**pool, argv[2], {argv + 4, argv + argc}), ignore);
  const auto wait = [](client::Consumer& c) -> asio::awaitable<void> { co_await c.stopped(); };
  asio::co_spawn(loop, wait(**consumer), end);
  loop.run();
  return 0;
}
