#include <csignal>
#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/core.h>

#include "clients/nsq/consumer.hpp"

// consume <host:port> <topic> <channel>: prints messages until SIGINT. With coroutines, on an event
// loop of the program's own.

namespace asio = boost::asio;
using namespace nsq;

namespace {

asio::awaitable<Result<void>> print(client::Message message) {
  fmt::print("{} (attempt {})\n", message.body(), message.attempts());
  co_return Result<void>();  // finishes it; an error would requeue it
}

asio::awaitable<void> consume(client::Consumer& consumer, client::Address nsqd) {
  auto connected = co_await consumer.connect(nsqd, client::ConnectMode::retry);
  if (!connected) {
    fmt::print(stderr, "{}\n", connected.error().text());
    co_return;
  }
  co_await consumer.stopped();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: {} <host:port> <topic> <channel>\n", argv[0]);
    return 1;
  }
  auto nsqd = client::Address::parse(argv[1]);
  if (!nsqd) {
    fmt::print(stderr, "{}\n", nsqd.error().text());
    return 1;
  }
  asio::io_context loop;
  client::ConsumerSetup setup;
  setup.topic = argv[2];
  setup.channel = argv[3];
  auto consumer = client::Consumer::create(loop.get_executor(), std::move(setup));
  if (!consumer) {
    fmt::print(stderr, "{}\n", consumer.error().text());
    return 1;
  }
  if (auto added = (*consumer)->add_async_handler(print); !added) return 1;
  asio::signal_set interrupt(loop, SIGINT, SIGTERM);
  interrupt.async_wait([&](const boost::system::error_code& code, int) {
    if (!code) (*consumer)->stop();
  });
  asio::co_spawn(loop, consume(**consumer, *nsqd), [&](const std::exception_ptr&) { loop.stop(); });
  loop.run();
  return 0;
}
