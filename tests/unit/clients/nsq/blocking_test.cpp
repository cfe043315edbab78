#include "clients/nsq/blocking.hpp"

#include <future>

#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>

#include "clients/nsq/io_thread.hpp"
#include "tests/unit/clients/nsq/client_fixture.hpp"

using namespace nsq;
using namespace nsq::client;
using namespace nsq::client::test;

namespace {

asio::awaitable<void> acknowledge(FakeNsqd& nsqd, int publishes) {
  auto client = co_await nsqd.accept();
  co_await client->handshake();
  for (int i = 0; i < publishes; ++i) {
    const testing::SentCommand command = co_await client->read_command();
    CHECK(command.line.starts_with("PUB t"));
    co_await client->send_response("OK");
  }
}

}  // namespace

TEST_CASE("publishing needs no event loop of one's own", "[client][blocking]") {
  IoThread server;
  FakeNsqd nsqd(server.executor());
  auto script = asio::co_spawn(server.executor(), acknowledge(nsqd, 11), asio::use_future);
  auto producer = BlockingProducer::create(nsqd.address(), Config());
  REQUIRE(producer.has_value());
  CHECK(text_of((*producer)->publish("t", "x")) == "");
  std::promise<void> all;
  int answered = 0;  // of the producer's thread
  for (int i = 0; i < 10; ++i) {
    (*producer)->publish_async("t", "x", [&](const Result<void>& result) {
      CHECK(result.has_value());
      if (++answered == 10) all.set_value();
    });
  }
  all.get_future().get();
  CHECK(text_of((*producer)->stop()) == "");
  CHECK(text_of((*producer)->publish("t", "x")) == "stopped");
  script.get();
}

TEST_CASE("nor does consuming", "[client][blocking]") {
  IoThread server;
  FakeNsqd nsqd(server.executor());
  auto script = asio::co_spawn(
      server.executor(),
      [](FakeNsqd& at) -> asio::awaitable<void> {
        auto client = co_await at.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        co_await client->expect("FIN " + id(1));
        co_await client->expect("CLS");
        co_await client->send_response("CLOSE_WAIT");
        co_await client->read_to_end();
      }(nsqd),
      asio::use_future);
  ConsumerSetup setup;
  setup.topic = "t";
  setup.channel = "c";
  setup.pull = true;
  auto consumer = BlockingConsumer::create(std::move(setup));
  REQUIRE(consumer.has_value());
  CHECK(text_of((*consumer)->connect({nsqd.address()})) == "");
  auto message = (*consumer)->next();
  REQUIRE(message.has_value());
  CHECK(message->body() == "x");
  message->finish();
  (*consumer)->stop();
  CHECK((*consumer)->wait().drained);
  script.get();
}
