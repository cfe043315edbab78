#include <algorithm>

#include "clients/nsq/consumer.hpp"
#include "tests/unit/clients/nsq/consumer_fixture.hpp"

using namespace nsq;
using namespace nsq::client;
using namespace nsq::client::test;

TEST_CASE("messages that come between CLS and CLOSE_WAIT are handled", "[client][consumer]") {
  Config config = quick_config();
  config.values.max_in_flight = 2;
  ConsumerStage s(config);
  s.finish_all();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 2");
        co_await client->expect("CLS");
        co_await client->send_message({.id = id(1), .body = "late"});
        co_await client->send_response("CLOSE_WAIT");
        co_await client->expect("FIN " + id(1));
        const auto rest = co_await client->read_to_end();
        CHECK(rest.empty());
      }(s.nsqd),
      s.connect_and_stop_after([] { return true; }));
  CHECK(s.handled == std::vector<std::string>{"late"});
}

TEST_CASE("a peer that closes instead of CLOSE_WAIT ends the stop", "[client][consumer]") {
  ConsumerStage s;
  s.finish_all();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->expect("CLS");
        client->close();
      }(s.nsqd),
      s.connect_and_stop_after([] { return true; }));
}

TEST_CASE("a stuck handler is left behind at the stop's deadline", "[client][consumer]") {
  Config config = quick_config();
  config.values.stop_timeout = Milliseconds(30);
  ConsumerStage s(config);
  Gate gate;
  REQUIRE(s.consumer
              ->add_handler([&gate](const Message&) -> Result<void> {
                gate.wait();
                return {};
              })
              .has_value());
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        co_await client->expect("CLS");
        co_await client->send_response("CLOSE_WAIT");
        co_await client->read_to_end();
      }(s.nsqd),
      [](ConsumerStage& stage, Gate& at) -> asio::awaitable<void> {
        co_await stage.connect();
        co_await until([&at] { return at.entered() == 1; });
        stage.consumer->stop();
        stage.consumer->stop();
        const StopReport report = co_await stage.consumer->stopped();
        CHECK_FALSE(report.drained);
        CHECK(report.abandoned == 1);
      }(s, gate));
  gate.release();
  s.consumer.reset();  // waits for the thread, which uses the gate
}

TEST_CASE("stop during the handshake ends it", "[client][consumer]") {
  ConsumerStage s;
  s.finish_all();
  s.play(
      [](ConsumerStage& stage) -> asio::awaitable<void> {
        auto client = co_await stage.nsqd.accept();
        co_await client->read_magic();
        stage.consumer->stop();
        co_await stage.consumer->stopped();
        co_await client->read_to_end();
      }(s),
      [](ConsumerStage& stage) -> asio::awaitable<void> {
        auto result = co_await stage.consumer->connect(stage.nsqd.address());
        CHECK(text_of(result) == "stopped");
      }(s));
}

TEST_CASE("stop inside a handler", "[client][consumer]") {
  ConsumerStage s;
  s.handle([&s](const Message&) -> Result<void> {
    s.consumer->stop();
    return {};
  });
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        std::vector<std::string> lines;
        for (int i = 0; i < 2; ++i) {
          const testing::SentCommand command = co_await client->read_command();
          lines.push_back(command.line);
        }
        CHECK(std::ranges::count(lines, "CLS") == 1);
        CHECK(std::ranges::count(lines, "FIN " + id(1)) == 1);
        co_await client->send_response("CLOSE_WAIT");
        co_await client->read_to_end();
      }(s.nsqd),
      [](ConsumerStage& stage) -> asio::awaitable<void> {
        co_await stage.connect();
        const StopReport report = co_await stage.consumer->stopped();
        CHECK(report.drained);
      }(s));
}
