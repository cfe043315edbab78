#include <thread>

#include "clients/nsq/consumer.hpp"
#include "tests/unit/clients/nsq/consumer_fixture.hpp"

using namespace nsq;
using namespace nsq::client;
using namespace nsq::client::test;

TEST_CASE("an error or an exception of a handler requeues, later each time", "[client][consumer]") {
  Config config = quick_config();
  config.values.max_attempts = 0;
  ConsumerStage s(config);
  s.handle([](const Message& message) -> Result<void> {
    if (message.body() == "throws") throw std::runtime_error("no");
    return fail(Errc::rejected, "no");
  });
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "fails", .attempts = 1});
        co_await client->expect("REQ " + id(1) + " 90000");
        co_await client->send_message({.id = id(2), .body = "throws", .attempts = 2});
        co_await client->expect("REQ " + id(2) + " 180000");
        co_await client->send_message({.id = id(3), .body = "fails", .attempts = 65535});
        co_await client->expect("REQ " + id(3) + " 900000");  // max_requeue_delay
        co_await see_off(*client);
      }(s.nsqd),
      s.connect_and_stop_after([&s] { return s.consumer->stats().requeued == 3; }));
}

TEST_CASE("a message is answered once, with the delay that was asked for", "[client][consumer]") {
  ConsumerStage s;
  s.handle([](const Message& message) -> Result<void> {
    CHECK(message.touch());
    if (message.body() == "finish") {
      CHECK(message.finish());
      CHECK_FALSE(message.finish());
      CHECK_FALSE(message.requeue());
      CHECK_FALSE(message.touch());
    } else {
      CHECK(message.requeue(Milliseconds(message.body() == "past" ? -5 : 4000000)));
      CHECK_FALSE(message.finish());
    }
    return {};
  });
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "finish"});
        co_await client->expect("TOUCH " + id(1));
        co_await client->expect("FIN " + id(1));
        co_await client->send_message({.id = id(2), .body = "past"});
        co_await client->expect("TOUCH " + id(2));
        co_await client->expect("REQ " + id(2) + " 0");
        co_await client->send_message({.id = id(3), .body = "far"});
        co_await client->expect("TOUCH " + id(3));
        co_await client->expect("REQ " + id(3) + " 4000000");
        co_await see_off(*client);
      }(s.nsqd),
      s.connect_and_stop_after([&s] { return s.consumer->stats().requeued == 2; }));
}

TEST_CASE("of many threads one gives the answer", "[client][consumer]") {
  ConsumerStage s;
  std::atomic<int> first = 0;
  REQUIRE(s.consumer
              ->add_handler([&first](const Message& message) -> Result<void> {
                std::vector<std::jthread> threads;
                for (int i = 0; i < 8; ++i) {
                  threads.emplace_back([&first, message] { first += message.finish(); });
                }
                return {};
              })
              .has_value());
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        co_await client->expect("FIN " + id(1));
        co_await see_off(*client);
      }(s.nsqd),
      s.connect_and_stop_after([&s] { return s.consumer->stats().finished == 1; }));
  CHECK(first == 1);
}

TEST_CASE("without auto response the program answers later, and an error sends nothing",
          "[client][consumer]") {
  ConsumerStage s;
  std::optional<Message> kept;
  s.handle([&kept](const Message& message) -> Result<void> {
    message.disable_auto_response();
    kept = message;
    return fail(Errc::rejected, "later");
  });
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        co_await client->expect("FIN " + id(1));
        co_await see_off(*client);
      }(s.nsqd),
      [](ConsumerStage& stage, std::optional<Message>& message) -> asio::awaitable<void> {
        co_await stage.connect();
        co_await until([&] { return message.has_value(); });
        CHECK(stage.consumer->stats().requeued == 0);
        CHECK(stage.consumer->stats().in_flight == 1);
        std::jthread([&] { message->finish(); }).join();
        co_await until([&] { return stage.consumer->stats().finished == 1; });
        stage.consumer->stop();
        co_await stage.consumer->stopped();
      }(s, kept));
}

TEST_CASE("a message dropped without an answer frees its place", "[client][consumer]") {
  ConsumerStage s;
  s.handle([](const Message& message) -> Result<void> {
    message.disable_auto_response();
    return {};
  });
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        co_await see_off(*client);
      }(s.nsqd),
      s.connect_and_stop_after([&s] { return s.consumer->stats().abandoned == 1; }));
  CHECK(s.consumer->stats().in_flight == 0);
}

TEST_CASE("the handler runs at most max_attempts times", "[client][consumer]") {
  Config config = quick_config();
  config.values.max_attempts = 2;
  ConsumerStage s;
  ConsumerSetup setup = s.setup(config);
  int given_up = 0;
  setup.hooks.give_up = [&given_up](const Message& message) -> GiveUp {
    ++given_up;
    if (message.attempts() == 65535) return {.requeue_after = Seconds(7)};
    return {};
  };
  s.make(std::move(setup));
  s.finish_all();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "last", .attempts = 2});
        co_await client->expect("FIN " + id(1));
        co_await client->send_message({.id = id(2), .body = "over", .attempts = 3});
        co_await client->expect("FIN " + id(2));
        co_await client->send_message({.id = id(3), .body = "far over", .attempts = 65535});
        co_await client->expect("REQ " + id(3) + " 7000");
        co_await see_off(*client);
      }(s.nsqd),
      s.connect_and_stop_after([&s] { return s.consumer->stats().requeued == 1; }));
  CHECK(s.handled == std::vector<std::string>{"last"});
  CHECK(given_up == 2);
  CHECK(s.consumer->stats().given_up == 2);
}

TEST_CASE("heartbeats are answered while every handler is stuck", "[client][consumer]") {
  ConsumerStage s;
  Gate gate;
  REQUIRE(s.consumer
              ->add_handler([&gate](const Message&) -> Result<void> {
                gate.wait();
                return {};
              })
              .has_value());
  s.play(
      [](FakeNsqd& nsqd, Gate& at) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        co_await until([&at] { return at.entered() == 1; });
        for (int i = 0; i < 3; ++i) {
          co_await client->send_heartbeat();
          const testing::SentCommand nop = co_await client->read_command();
          CHECK(nop.line == "NOP");
        }
        at.release();
        co_await client->expect("FIN " + id(1));
        co_await see_off(*client);
      }(s.nsqd, gate),
      s.connect_and_stop_after([&s] { return s.consumer->stats().finished == 1; }));
}

TEST_CASE("a late answer is reported, and the connection kept", "[client][consumer]") {
  ConsumerStage s;
  std::vector<std::string> reports;
  ConsumerSetup setup = s.setup(quick_config());
  setup.hooks.response_failed = [&](const Address&, std::string_view message, std::string_view) {
    reports.emplace_back(message);
  };
  s.make(std::move(setup));
  s.finish_all();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        co_await client->expect("FIN " + id(1));
        co_await client->send_error("E_FIN_FAILED FIN " + id(1) + " failed ID not in flight");
        co_await client->send_message({.id = id(2), .body = "y"});
        co_await client->expect("FIN " + id(2));
        co_await see_off(*client);
      }(s.nsqd),
      s.connect_and_stop_after([&s] { return s.consumer->stats().finished == 2; }));
  CHECK(reports == std::vector<std::string>{id(1)});
  CHECK(s.consumer->stats().failed_responses == 1);
}

TEST_CASE("an answer for a lost connection is dropped and reported, and never sent on",
          "[client][consumer]") {
  ConsumerStage s;
  std::vector<std::string> reports;
  std::optional<Message> kept;
  ConsumerSetup setup = s.setup(quick_config());
  setup.hooks.response_failed = [&](const Address&, std::string_view, std::string_view why) {
    reports.emplace_back(why);
  };
  s.make(std::move(setup));
  s.handle([&kept](const Message& message) -> Result<void> {
    message.disable_auto_response();
    kept = message;
    return {};
  });
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        co_await until([] { return true; });
        client->close();
        client = co_await nsqd.accept();  // by itself
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await see_off(*client);
      }(s.nsqd),
      [](ConsumerStage& stage, std::optional<Message>& message) -> asio::awaitable<void> {
        co_await stage.connect();
        co_await until([&] { return stage.consumer->stats().reconnects == 1; });
        if (message) message->finish();
        co_await until([&] { return !message || stage.consumer->stats().dropped_responses == 1; });
        stage.consumer->stop();
        co_await stage.consumer->stopped();
      }(s, kept));
  REQUIRE(kept.has_value());
  CHECK(reports == std::vector<std::string>{"connection closed"});
  s.consumer.reset();
  CHECK_FALSE(kept->finish());
}
